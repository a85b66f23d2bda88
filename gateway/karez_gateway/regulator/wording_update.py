"""The texts of `karez regulator sign-update`, in both languages: data, no code. wording.py takes them in."""

TEXTS = {
    "en": {
        "update-half": "{file} is nothing that a vendor has signed: {why}. `karez tech sign-update` makes "
        "it. Nothing was signed.",
        "update-vendor": "{file}: the vendor's key {key} has not signed it. Nothing was signed.",
        "update-image": "{file} is not the image that the vendor has signed: it was changed or cut off. "
        "Nothing was signed.",
        "update-old": "number {number} does not rise: this office has signed number {known} for {board} "
        "before. No controller would take it. Nothing was signed.",
        "update-one-key": "vendor and regulator must have two keys: with one of both no controller takes an "
        "update. Nothing was signed.",
    },
    "zh": {
        "update-half": "{file} 不是厂商签名的内容：{why}。请用 `karez tech sign-update` 生成。未签任何内容。",
        "update-vendor": "{file}：不是厂商公钥 {key} 所签。未签任何内容。",
        "update-image": "{file} 不是厂商所签的固件：已被改动或不完整。未签任何内容。",
        "update-old": "序号 {number} 未升高：本机关已为 {board} 签过序号 {known}。控制器不会接受。"
        "未签任何内容。",
        "update-one-key": "厂商与监管机关的密钥必须不同：两者相同时控制器不接受升级。未签任何内容。",
    },
}

PAGE = {
    "en": {
        "update-what": "firmware {release}, number {number}, for every controller with the board {board} "
        "that runs number {least} or later\nsigned by the vendor on {date} UTC\n"
        "image of {size:byte|bytes} in {chunks:chunk|chunks}, sha256 {sha256}\n"
        "core digest that the controllers will declare: {core_digest}",
        "update-vendor": "vendor's key {key}: his signature holds, and the image is the one he signed",
        "update-before": "before it this office has signed number {known} for {board}",
        "update-first": "the first one that this office signs for {board}",
        "what-update": "firmware {release}, number {number}, for {board}",
    },
    "zh": {
        "update-what": "固件 {release}，序号 {number}，用于所有运行序号 {least} 或更高的 {board} 控制器\n"
        "厂商签于 {date} UTC\n固件 {size} 字节，{chunks} 块，sha256 {sha256}\n控制器今后声明的核心摘要："
        "{core_digest}",
        "update-vendor": "厂商公钥 {key}：签名有效，固件与所签一致",
        "update-before": "此前本机关已为 {board} 签到序号 {known}",
        "update-first": "本机关首次为 {board} 签名",
        "what-update": "固件 {release}，序号 {number}，用于 {board}",
    },
}
