"""The texts of `karez tech build` and `flash`, in both languages: data, no code. wording.py takes them in."""

TEXTS = {
    "en": {
        "firmware-no-builder": "nothing here makes images (entry point group {group}): install the package "
        "karez again, whole.",
        "firmware-not-built": "no image was made: {why}",
        "firmware-folder": "{folder} is not empty ({name} is there). Name another folder, or use --force.",
        "firmware-file-large": "{file} is larger than {most} bytes: no file of an image is.",
        "firmware-no-manifest": "{file} is no manifest of an image: `karez tech build` writes one.",
        "firmware-member": "{file}: {name} is missing or wrong. Build the image again.",
        "firmware-changed": "{file} is not what the manifest says: it was changed or cut off. Build the "
        "image again.",
        "firmware-many-ports": "this machine has several serial ports: {ports}. Name the board's "
        "with --port.",
        "firmware-controller": "{port}: a controller answers there, {name}. A first image is for new boards: "
        "it would stop the pump of this one. Nothing was sent to it.",
        "firmware-no-prompt": "{port}: no MicroPython prompt answers. Is this the board's port, and does the "
        "board run a MicroPython with the boot of docs/ports.md? Nothing was written.",
        "firmware-wrong-board": "{port}: this board is {found}, the image is for {board} ({chip}). Nothing "
        "was written.",
        "firmware-no-romfs": "{port}: the MicroPython of this board has no ROMFS; docs/ports.md says how it "
        "is built. Nothing was written.",
        "firmware-old-vm": "{port}: this board runs MicroPython {found}, the image needs {least}. Nothing "
        "was written.",
        "firmware-other-image": "{port}: this board holds another image. --replace writes this one over it. "
        "Nothing was written.",
        "firmware-not-written": "{port}: the image was not written whole: {why}. Flash again with --replace.",
        "firmware-differs": "{port}: what the board reads back is not the image. Flash again with --replace; "
        "if it stays so, the board's flash is broken.",
    },
    "zh": {
        "firmware-no-builder": "本机没有固件生成程序（入口组 {group}）：请重新完整安装 karez。",
        "firmware-not-built": "未生成固件：{why}",
        "firmware-folder": "{folder} 不是空目录（其中有 {name}）。请换一个目录，或使用 --force。",
        "firmware-file-large": "{file} 超过 {most} 字节：固件中没有这样大的文件。",
        "firmware-no-manifest": "{file} 不是固件清单：清单由 `karez tech build` 生成。",
        "firmware-member": "{file}：{name} 缺失或有误。请重新生成固件。",
        "firmware-changed": "{file} 与清单不符：已被改动或不完整。请重新生成固件。",
        "firmware-many-ports": "本机有多个串口：{ports}。请用 --port 指定板子所在的串口。",
        "firmware-controller": "{port}：有控制器 {name} 应答。首次烧录只用于新板，否则会使这台的水泵停机。"
        "未向其发送任何内容。",
        "firmware-no-prompt": "{port}：没有 MicroPython 提示符应答。串口是否正确？板上的 MicroPython 是否"
        "带有 docs/ports.md 所述的引导程序？未写入任何内容。",
        "firmware-wrong-board": "{port}：此板为 {found}，固件用于 {board}（{chip}）。未写入任何内容。",
        "firmware-no-romfs": "{port}：此板的 MicroPython 没有 ROMFS；构建方法见 docs/ports.md。"
        "未写入任何内容。",
        "firmware-old-vm": "{port}：此板运行 MicroPython {found}，固件需要 {least}。未写入任何内容。",
        "firmware-other-image": "{port}：此板已有另一份固件。用 --replace 可覆盖。未写入任何内容。",
        "firmware-not-written": "{port}：固件未完整写入：{why}。请用 --replace 重新烧录。",
        "firmware-differs": "{port}：从板上读回的内容与固件不符。请用 --replace 重新烧录；若仍如此，则板上"
        "闪存已损坏。",
    },
}

FAULTS: dict[str, dict[str, str]] = {"en": {}, "zh": {}}

PAGE = {
    "en": {
        "firmware-built": "{folder}: firmware {version}, number {number}, for {board}: {size} of {most} "
        "bytes\nimage.romfs sha256 {sha256}",
        "firmware-no-vendor": "without --vendor-key: a box with this image takes no signed update",
        "firmware-writing": "writing the image, up to ten minutes   ",
        "firmware-flashed": "{port}: the {board} holds the image; every file was read back and compared. "
        "Next: reset it, then karez tech provision",
        "firmware-there": "{port}: the {board} holds this very image already; nothing was written",
    },
    "zh": {
        "firmware-built": "{folder}：固件 {version}，序号 {number}，用于 {board}：{size}/{most} 字节\n"
        "image.romfs sha256 {sha256}",
        "firmware-no-vendor": "未给出 --vendor-key：装有此固件的控制器不接受签名升级",
        "firmware-writing": "正在写入固件，最长十分钟   ",
        "firmware-flashed": "{port}：{board} 已装入固件，每个文件都已读回并比对。下一步：复位，然后 "
        "karez tech provision",
        "firmware-there": "{port}：{board} 中已是同一份固件；未写入任何内容",
    },
}
