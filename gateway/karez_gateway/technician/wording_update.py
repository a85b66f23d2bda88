"""The texts of `karez tech sign-update` and `update`, in both languages: data, no code."""

TEXTS = {
    "en": {
        "update-least": "--least is {least}: it is from 0 to the image's own number, {number}.",
        "update-unsignable": "{folder}: no manifest can be made of this image: {why}. Build it again.",
        "update-no-manifest": "{file} is no manifest that vendor and regulator have signed: {why}. Both sign "
        "it with `sign-update`, first the vendor.",
        "update-other-board": "{file} is for the board {found}, this image for {board}.",
        "update-old": "this image has number {number}, the one signed before {former}: no controller would "
        "take it. Raise NUMBER and build again. Nothing was signed.",
        "update-no-vendor": "this image names no vendor's key: a box with it would never take an update "
        "again. Build it with --vendor-key. Nothing was signed.",
        "update-digest": "what would be signed now is not what was shown: its digest is {digest}. Nothing "
        "was signed.",
        "update-unconfirmed": "nothing was signed. Read what is shown; to sign exactly this without being "
        "asked: --digest {digest}",
        "update-other-image": "{file} was signed for another image than the one beside it. Sign this one, or "
        "take the folder that belongs to it. Nothing was sent.",
        "update-wait-key": "without --key and --number there is no restart to wait for.",
        "update-no-end": "the box has neither kept the firmware nor given it back within {minutes} minutes. "
        "Ask `karez tech events`; either firmware counts on.",
        "update-no-slots": "this box takes no update ({said}): its board holds one image only.",
        "update-wrong-board": "the box does not take it: {said}. Take the folder of its board.",
        "update-box-newer": "the box does not take it: {said}. There is nothing to do.",
        "update-too-far": "the box does not take it: {said}. Bring the release between the two first.",
        "update-too-large": "the box does not take it: {said}. Build a smaller image.",
        "update-box-no-vendor": "the firmware in this box was built without a vendor's key ({said}). Flash "
        "it anew with an image that has one.",
        "update-one-key": "the box does not take it: {said}. They must be two: sign with a vendor's key of "
        "its own.",
        "update-not-vendor": "the box does not believe the vendor's signature: {said}. Its firmware names "
        "another vendor's key.",
        "update-not-regulator": "the box does not believe the regulator's signature: {said}. Its binding "
        "names another regulator's key.",
        "update-on-trial": "the box tries a firmware itself just now ({said}). Begin again when it has kept "
        "it or given it back.",
        "update-pump-runs": "nothing is written while the pump runs ({said}). What came stays: begin again "
        "when it stands.",
        "update-another": "another update was begun at this box meanwhile ({said}). Begin again.",
        "update-chunk-wrong": "the box has asked for a chunk three times and it does not hold ({said}): its "
        "flash is broken there. The old firmware counts on.",
        "repository-there": "{folder} is a repository already.",
        "repository-none": "{folder} is no repository: `karez tech repository init` makes one.",
        "repository-threshold": "--threshold is {threshold}: it is from 1 to the {count} keys of the root.",
        "repository-one-key": "each role has a key of its own: one key is named twice.",
        "repository-root": "{count} of these keys are the root's, it wants {threshold}. Nothing was changed.",
        "repository-key": "the root does not let the key {key} sign as {role}. Nothing was changed.",
        "repository-old": "number {number} does not rise: the repository has number {known} for {board}.",
        "repository-broken": "{file} cannot be read: {why}. Take the repository from its copy.",
        "repository-unsigned": "{file} is not signed by the keys that your root and those after it name. "
        "Nothing was signed: take the repository from its copy, and find out who wrote to it.",
        "update-flash": "the box's flash does not take what it is given ({said}). The old firmware counts "
        "on.",
    },
    "zh": {
        "update-least": "--least 为 {least}：应在 0 与此固件的序号 {number} 之间。",
        "update-unsignable": "{folder}：无法为此固件生成清单：{why}。请重新生成固件。",
        "update-no-manifest": "{file} 不是厂商和监管机关双方签名的清单：{why}。请先由厂商、再由监管机关用 "
        "`sign-update` 签名。",
        "update-other-board": "{file} 用于 {found}，此固件用于 {board}。",
        "update-old": "此固件序号为 {number}，上次已签到 {former}：控制器不会接受。请提高 NUMBER 并重新生成。"
        "未签任何内容。",
        "update-no-vendor": "此固件没有厂商公钥：装有它的控制器再也不能升级。请用 --vendor-key 重新生成。"
        "未签任何内容。",
        "update-digest": "现在要签的与所示内容不同，其摘要为 {digest}。未签任何内容。",
        "update-unconfirmed": "未签任何内容。请阅读所示内容；如要直接签署这一份：--digest {digest}",
        "update-other-image": "{file} 是为另一份固件签的，与其旁的固件不符。请为此固件签名，或使用配套的"
        "目录。未发送任何内容。",
        "update-wait-key": "没有 --key 和 --number 就没有重启可等。",
        "update-no-end": "{minutes} 分钟内控制器既未保留也未退回固件。请用 `karez tech events` 查看；"
        "无论运行哪一份，计量都在继续。",
        "update-no-slots": "此控制器不能升级（{said}）：其板上只能存放一份固件。",
        "update-wrong-board": "控制器不接受：{said}。请使用该板的目录。",
        "update-box-newer": "控制器不接受：{said}。无需操作。",
        "update-too-far": "控制器不接受：{said}。请先升级到中间的版本。",
        "update-too-large": "控制器不接受：{said}。请生成更小的固件。",
        "update-box-no-vendor": "此控制器的固件没有厂商公钥（{said}）。请重新烧录带公钥的固件。",
        "update-one-key": "控制器不接受：{said}。两把密钥必须不同：请用厂商自己的密钥签名。",
        "update-not-vendor": "控制器不认可厂商的签名：{said}。其固件中是另一把厂商公钥。",
        "update-not-regulator": "控制器不认可监管机关的签名：{said}。其绑定中是另一把监管公钥。",
        "update-on-trial": "控制器自身正在试运行固件（{said}）。待其保留或退回后再开始。",
        "update-pump-runs": "水泵运行时不写入（{said}）。已收到的部分会保留：停泵后再开始。",
        "update-another": "其间有人在此控制器开始了另一次升级（{said}）。请重新开始。",
        "update-chunk-wrong": "控制器三次要求重发同一块仍不正确（{said}）：该处闪存已损坏。旧固件继续计量。",
        "repository-there": "{folder} 已是软件库。",
        "repository-none": "{folder} 不是软件库：请用 `karez tech repository init` 建立。",
        "repository-threshold": "--threshold 为 {threshold}：应在 1 与根密钥数 {count} 之间。",
        "repository-one-key": "每个角色须有自己的密钥：同一密钥给了两次。",
        "repository-root": "所给密钥中有 {count} 把属于根，需要 {threshold} 把。未作更改。",
        "repository-key": "根元数据不允许密钥 {key} 以 {role} 签名。未作更改。",
        "repository-old": "序号 {number} 未升高：软件库中 {board} 已有序号 {known}。",
        "repository-broken": "{file} 无法读取：{why}。请从备份恢复软件库。",
        "repository-unsigned": "{file} 未由您的根及其后续根所指定的密钥签名。未签署任何内容："
        "请从备份恢复软件库，并查明是谁写入了它。",
        "update-flash": "控制器的闪存无法写入（{said}）。旧固件继续计量。",
    },
}

FAULTS: dict[str, dict[str, str]] = {"en": {}, "zh": {}}

PAGE = {
    "en": {
        "repository-made": "{folder}: made. Gateways trust it by {root}: bring them that file by hand",
        "repository-added": "{folder}: firmware {release}, number {number}, for {board} is in it",
        "repository-renewed": "{folder}: renewed until {until}",
        "update-shown": "firmware {release}, number {number}, for the board {board}; follows number {least} "
        "or later\nimage {size} bytes in {chunks} chunks, sha256 {sha256}\ncore digest that controllers will "
        "declare: {core_digest}\nsigned with the vendor's key {key}",
        "update-next-key": "ATTENTION: this image believes another vendor's key from then on: {key}",
        "update-named": "digest of all this: {digest}",
        "update-sign": "Sign this?",
        "update-half": "{file}: signed by the vendor. Next: karez regulator sign-update {folder}",
        "update-sending": "{done} of {size} bytes   ",
        "update-restarting": "waiting for the restart   ",
        "update-trying": "the box tries the new firmware   ",
        "update-brought": "firmware {release}, number {number}, is there, every chunk of it checked; {sent} "
        "bytes were sent. The restart takes a technician: --key and --number",
        "update-applied": "firmware {release}, number {number}, is there; the box restarts into it, and "
        "tries it for a minute before it keeps it",
        "update-kept": "firmware {release}, number {number}, runs and was kept",
        "update-returned": "the box has given firmware {release}, number {number}, back: the one before runs "
        "and counts. Bring the evidence (karez tech readout) to who made it",
    },
    "zh": {
        "repository-made": "{folder}：已建立。网关凭 {root} 信任它：请当面交付该文件",
        "repository-added": "{folder}：已加入固件 {release}（序号 {number}，{board}）",
        "repository-renewed": "{folder}：有效期延至 {until}",
        "update-shown": "固件 {release}，序号 {number}，用于 {board}；须在序号 {least} 或更高之后\n"
        "{size} 字节，{chunks} 块，sha256 {sha256}\n控制器今后声明的核心摘要：{core_digest}\n"
        "厂商签名公钥 {key}",
        "update-next-key": "注意：此固件今后认可另一把厂商公钥：{key}",
        "update-named": "以上内容的摘要：{digest}",
        "update-sign": "签署以上内容？",
        "update-half": "{file}：厂商已签名。下一步：karez regulator sign-update {folder}",
        "update-sending": "{done}/{size} 字节   ",
        "update-restarting": "等待重启   ",
        "update-trying": "控制器正在试运行新固件   ",
        "update-brought": "固件 {release}（序号 {number}）已送达，每一块都已核对；共发送 {sent} 字节。"
        "重启须由技术员进行：--key 和 --number",
        "update-applied": "固件 {release}（序号 {number}）已送达；控制器将重启试运行，一分钟后保留",
        "update-kept": "固件 {release}（序号 {number}）已运行并保留",
        "update-returned": "控制器已退回固件 {release}（序号 {number}）：原固件继续运行和计量。请把证据"
        "（karez tech readout）交给固件制作方",
    },
}
