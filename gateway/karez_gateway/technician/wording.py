"""Every text that `karez tech` shows, in both languages: data, no code."""

from . import (
    commissioning_wording,
    wording_firmware,
    wording_guide,
    wording_provision,
    wording_swap,
    wording_update,
)

LANGUAGES = ("en", "zh")

# Why there is no result, by name; each says what to do.
TEXTS = {
    "en": {
        # the line
        "silent": "{port}: no answer. Is the cable in, the controller powered, and this its port? "
        "`karez tech find` looks through all ports.",
        "garbled": "{port}: bytes come, but no whole answer. Another device, another speed (--baud), "
        "or a bad "
        "cable. Nothing was changed.",
        "unknown-outcome": "{port}: the cable did not bring the answer to `{verb}`. Whether it was "
        "done is not "
        "known: look before you ask again.",
        "cable-gone": "{port}: the cable is gone ({why}). Plug it in and begin again.",
        "port-closed": "{port} cannot be opened: {why}. `karez tech find` shows the ports; your user "
        "may have to "
        "be in the group dialout, and no other program may use the port.",
        "no-controller": "no controller answers on {ports}. Is the cable in and the controller powered?",
        "no-port": "this machine has no serial port. Plug the cable in, or name the port with --port.",
        "many-controllers": "controllers answer on {ports}: say which with --port.",
        "version": "this controller speaks version {theirs} of the console, this tool version {ours}. "
        "Use the "
        "tool that fits the controller's firmware. Nothing was changed.",
        "answer-shape": "the controller's answer to `{verb}` is not understood ({why}): its firmware "
        "is newer or "
        "older than this tool. Nothing was changed.",
        "digest-differs": "what came over the cable does not fit its digest. Ask again.",
        "apply-undone": "the controller did not take the document: the old one ({sha256}) is in force. "
        "Apply it again.",
        "other-box": "another controller answers now: {name}. Which document is in force in the one "
        "before is "
        "not known.",
        # the controller's no
        "refused": "the controller refuses: {said}",
        "refused-garbled": "the controller could not read the line: {said}",
        "refused-role": "only a technician may do this: {said}. Use --key and --number.",
        "refused-locked": "not yet: {said}",
        "refused-signature": "the controller does not believe this key: {said}. Is it your number, and is "
        "your key in the list that this controller holds?",
        "refused-expired": "the challenge is used up or too old: {said}. Begin again.",
        "refused-busy": "the controller is busy: {said}. Ask again in a minute.",
        "refused-unknown": "the controller does not know this verb: {said}. Its firmware is older than "
        "this tool.",
        # wrong use
        "file-unreadable": "{file} cannot be read: {why}",
        "file-unwritable": "{file} cannot be written: {why}",
        "file-exists": "{file} is there already and is not replaced. Use another name, or --force.",
        "document-large": "{file} is {size} bytes, a controller holds {most}. Take out blanks and indents.",
        "document-empty": "{file} is empty.",
        "document-encoding": "{file}, line {line}: not UTF-8. Save it as UTF-8.",
        "document-mark": "{file} begins with a byte order mark. Save it as UTF-8 without one.",
        "document-twice": "{file}: {name} stands twice in one object.",
        "document-cut": "{file} ends too early, at line {line}, column {column} ({why}): half a file? "
        "Nothing was sent.",
        "document-json": "{file}, line {line}, column {column}: {why}. Nothing was sent.",
        "document-shape": "{file} is no JSON document: {why}. Nothing was sent.",
        "faults": "{file}: {count} faults. Nothing was sent.",
        "key-needed": "this changes the controller: name your key with --key and your number with --number.",
        "number-needed": "a login needs your number in the list of technicians: --number.",
        "no-list-file": "{file} is no signed list of technicians: {why}.",
        "key-unreadable": "{file} is no private key in PEM.",
        "key-other": "{file} holds a key of another sort; `karez tech keygen` makes the right one.",
        "passphrase-short": "the passphrase has at least {least} characters.",
        "passphrase-missing": "no passphrase was given; scripts set {variable}.",
        "pump-runs": "the pump is running, and the restart would stop it. Wait for its stop, or use "
        "--stop-pump. Nothing was sent.",
        "passphrase-wrong": "{file}: the passphrase is wrong or missing.",
        "passphrase-differs": "the two passphrases differ.",
        "language": "--lang is one of en, zh.",
    },
    "zh": {
        "silent": "{port}：没有应答。请检查电缆、控制器电源和串口是否正确；`karez tech find` "
        "可查找所有串口。",
        "garbled": "{port}：收到字节，但没有完整的应答。"
        "可能是别的设备、波特率不对（--baud）或电缆不良。未作任何更改。",
        "unknown-outcome": "{port}：没有收到 `{verb}` 的应答，是否已执行不得而知。请先查看，再重新请求。",
        "cable-gone": "{port}：电缆已断开（{why}）。请插好后重新开始。",
        "port-closed": "无法打开 {port}：{why}。`karez tech find` 可列出串口；用户可能须属于 dialout 组，"
        "且该串口不能被其他程序占用。",
        "no-controller": "{ports} 上没有控制器应答。请检查电缆和控制器电源。",
        "no-port": "本机没有串口。请插好电缆，或用 --port 指定串口。",
        "many-controllers": "{ports} 上都有控制器应答：请用 --port 指定其一。",
        "version": "控制器的控制台为第 {theirs} 版，本工具为第 {ours} 版。"
        "请使用与控制器固件相配的工具。未作任何更改。",
        "answer-shape": "无法理解控制器对 `{verb}` 的应答（{why}）：其固件比本工具新或旧。未作任何更改。",
        "digest-differs": "经电缆收到的内容与其摘要不符。请重试。",
        "apply-undone": "控制器没有收下文件：旧文件（{sha256}）仍有效。请重新应用。",
        "other-box": "现在应答的是另一台控制器：{name}。原控制器中哪份文件有效不得而知。",
        "refused": "控制器拒绝：{said}",
        "refused-garbled": "控制器无法读懂该行：{said}",
        "refused-role": "只有技术员才能执行：{said}。请使用 --key 和 --number。",
        "refused-locked": "暂不可用：{said}",
        "refused-signature": "控制器不认可此密钥：{said}。编号是否正确？密钥是否在该控制器的技术员名单中？",
        "refused-expired": "质询已用过或已过期：{said}。请重新开始。",
        "refused-busy": "控制器正忙：{said}。请稍后再试。",
        "refused-unknown": "控制器不认识此命令：{said}。其固件比本工具旧。",
        "file-unreadable": "无法读取 {file}：{why}",
        "file-unwritable": "无法写入 {file}：{why}",
        "file-exists": "{file} 已存在，不会被覆盖。请换一个文件名，或使用 --force。",
        "document-large": "{file} 有 {size} 字节，控制器最多容纳 {most} 字节。请去掉空格和缩进。",
        "document-empty": "{file} 是空文件。",
        "document-encoding": "{file} 第 {line} 行：不是 UTF-8。请存为 UTF-8。",
        "document-mark": "{file} 以字节顺序标记开头。请存为不带标记的 UTF-8。",
        "document-twice": "{file}：同一对象中 {name} 出现两次。",
        "document-cut": "{file} 在第 {line} 行第 {column} 列过早结束（{why}）："
        "文件只写了一半？未发送任何内容。",
        "document-json": "{file} 第 {line} 行第 {column} 列：{why}。未发送任何内容。",
        "document-shape": "{file} 不是 JSON 文件：{why}。未发送任何内容。",
        "faults": "{file}：{count} 处错误。未发送任何内容。",
        "key-needed": "此操作会更改控制器：请用 --key 指定密钥，用 --number 指定编号。",
        "number-needed": "登录需要您在技术员名单中的编号：--number。",
        "no-list-file": "{file} 不是已签名的技术员名单：{why}。",
        "key-unreadable": "{file} 不是 PEM 格式的私钥。",
        "key-other": "{file} 是另一种密钥；请用 `karez tech keygen` 生成。",
        "passphrase-short": "口令至少 {least} 个字符。",
        "passphrase-missing": "没有给出口令；脚本可设置 {variable}。",
        "pump-runs": "水泵正在运行，重启会使其停止。请等待停泵，或使用 --stop-pump。未发送任何内容。",
        "passphrase-wrong": "{file}：口令错误或缺失。",
        "passphrase-differs": "两次输入的口令不同。",
        "language": "--lang 只能是 en 或 zh。",
    },
}

# What is wrong at a place of a configuration.
FAULTS = {
    "en": {
        "no-object": "is no object {{…}}",
        "no-list": "is no list […]",
        "no-text": "{value} is no text, or an empty one",
        "no-whole": "{value} is no whole number of {least}…{greatest}",
        "outside": "{value} is outside {least}…{greatest}",
        "missing": "is missing",
        "unknown-name": "is a name that nobody reads; known here: {known}",
        "unknown-setting": "is no setting (docs/configuration.md has them all)",
        "no-card": "{value} is no card: 16 hexadecimal digits",
        "twice": "stands there twice",
        "no-account": "is no account: a number from 1",
        "too-many": "{count} are too many: at most {most}",
        "no-time": "{value} is no time of day HH:MM",
        "window-ends": "a window begins 00:00…23:59 and ends 00:01…24:00",
        "window-empty": "a window that ends where it begins",
        "no-days": "{value} are no days: digits, 1 = Monday … 7 = Sunday",
        "no-day": "{value} is no day YYYY-MM-DD of 2000…2099",
        "text-long": "{value} has more than {most} bytes",
        "no-server": "{value} is no name server: an address 192.0.2.1, or 192.0.2.1:53",
        "no-curve": "{value} is none of table, weir, v-notch",
        "flow-much": "{flow_lph} L/h at the greatest level: at most {most}",
        "row-count": "{count} rows: a table has 2…64",
        "no-pair": "{value} is no pair [level, flow]",
        "row-falls": "levels rise from row to row, and flows do not fall",
        "meters-same": "{count} meters of {quantity}: one rules a site",
        "channel-meters": "a channel has a level meter, and no water meter",
        "no-meter": "a site has a water meter, or an energy meter that stands for it",
        "no-quantity": "{value} is none of {known}",
        "level-pulses": "no level comes in pulses",
        "no-baud": "{value} is none of {known}",
        "no-profile": "{value} is no profile of this tool; known: {known}",
        "address-shape": "{value} is no address of a {profile}",
        "counts-no": "a {profile} counts no {quantity}",
        "address-taken": "{value} is taken on its line",
    },
    "zh": {
        "no-object": "不是对象 {{…}}",
        "no-list": "不是列表 […]",
        "no-text": "{value} 不是文本，或为空",
        "no-whole": "{value} 不是 {least}…{greatest} 的整数",
        "outside": "{value} 超出 {least}…{greatest}",
        "missing": "缺失",
        "unknown-name": "无人读取的名称；此处可用：{known}",
        "unknown-setting": "没有此设置（全部设置见 docs/configuration.md）",
        "no-card": "{value} 不是卡号：16 位十六进制数字",
        "twice": "出现两次",
        "no-account": "不是账户：从 1 起的编号",
        "too-many": "{count} 个过多：最多 {most}",
        "no-time": "{value} 不是 HH:MM 格式的时刻",
        "window-ends": "时段始于 00:00…23:59，止于 00:01…24:00",
        "window-empty": "时段的起止相同",
        "no-days": "{value} 不是星期：数字，1 = 周一 … 7 = 周日",
        "no-day": "{value} 不是 2000…2099 年的日期 YYYY-MM-DD",
        "text-long": "{value} 超过 {most} 字节",
        "no-server": "{value} 不是域名服务器：应为地址 192.0.2.1 或 192.0.2.1:53",
        "no-curve": "{value} 不是 table、weir、v-notch 之一",
        "flow-much": "最高水位时流量 {flow_lph} L/h，超过上限 {most}",
        "row-count": "{count} 行：曲线表应有 2…64 行",
        "no-pair": "{value} 不是一对 [水位, 流量]",
        "row-falls": "水位须逐行上升，流量不得下降",
        "meters-same": "{quantity} 表有 {count} 块：一处只以一块为准",
        "channel-meters": "明渠须有水位计，且没有水表",
        "no-meter": "一处须有水表，或代替水表的电表",
        "no-quantity": "{value} 不是 {known} 之一",
        "level-pulses": "水位没有脉冲输入",
        "no-baud": "{value} 不是 {known} 之一",
        "no-profile": "本工具没有仪表 {value}；已有：{known}",
        "address-shape": "{value} 不是 {profile} 的地址",
        "counts-no": "{profile} 不计 {quantity}",
        "address-taken": "{value} 在该线路上已被占用",
    },
}

# What is shown besides the controller's own words.
PAGE = {
    "en": {
        "found": "{port:<16} controller {name} at site {site}",
        "unanswered": "{port:<16} {why}",
        "absent": "(nothing)",
        "difference": "{place}: {old} -> {new}",
        "same": "no difference: what is in force says the same",
        "saved": "{file}: {size} bytes, sha256 {sha256}",
        "in-force": "already in force, sha256 {sha256}: nothing was sent",
        "received": "received {done} bytes",
        "sending": "sending {done} of {size} bytes",
        "applied": "in force after a restart, read back and compared: sha256 {sha256}",
        "checked": "{file}: no fault, sha256 {sha256}",
        "accepted": "the controller would take it, too; nothing was changed",
        "list-taken": "list {seq} is in force",
        "list-there": "list {seq} was in force already: nothing was sent",
        "key-made": "private key in {file}: keep it, and its passphrase, to yourself\n"
        "public key for the list of technicians: {public}",
        "bundle": "{file}: {size} bytes, sha256 {sha256}; next: karez verify {file} --trust FILE",
        "readout": "{file}: {size} bytes, sha256 {sha256}; the bundle lies beside it",
        "no-answer": "no controller answers",
        "no-bundle": "without a bundle: {why}",
        "passphrase": "Passphrase of {file}",
        "passphrase-again": "Again",
        "passphrase-new": "New passphrase",
        "yes": "yes",
        "no": "no",
        "none": "none",
        "unknown": "--",
        "live-end": "Ctrl-C ends it",
    },
    "zh": {
        "found": "{port:<16} 控制器 {name}，取水口 {site}",
        "unanswered": "{port:<16} {why}",
        "absent": "（无）",
        "difference": "{place}：{old} -> {new}",
        "same": "没有差别：与当前有效的配置一致",
        "saved": "{file}：{size} 字节，sha256 {sha256}",
        "in-force": "已经生效，sha256 {sha256}：未发送任何内容",
        "received": "已接收 {done} 字节",
        "sending": "已发送 {done}/{size} 字节",
        "applied": "重启后生效，已读回并比对：sha256 {sha256}",
        "checked": "{file}：没有错误，sha256 {sha256}",
        "accepted": "控制器也会接受；未作任何更改",
        "list-taken": "名单 {seq} 已生效",
        "list-there": "名单 {seq} 已经有效：未发送任何内容",
        "key-made": "私钥在 {file}：请妥善保管，口令勿告他人\n报送技术员名单的公钥：{public}",
        "bundle": "{file}：{size} 字节，sha256 {sha256}；下一步：karez verify {file} --trust FILE",
        "readout": "{file}：{size} 字节，sha256 {sha256}；证据文件在其旁",
        "no-answer": "没有控制器应答",
        "no-bundle": "没有证据文件：{why}",
        "passphrase": "{file} 的口令",
        "passphrase-again": "再输入一次",
        "passphrase-new": "新口令",
        "yes": "是",
        "no": "否",
        "none": "无",
        "unknown": "--",
        "live-end": "按 Ctrl-C 结束",
    },
}

# The screen's own words.
SCREEN = {
    "en": {
        "raw": "raw answer",
        "events": "events",
        "pause": "pause",
        "quit": "quit",
        "paused": "paused",
        "status": "Status",
        "health": "Health",
        "log": "Raw answers and events",
        "raw-wait": "waiting for the next reading of {quantity}, up to 15 s",
    },
    "zh": {
        "raw": "原始应答",
        "events": "事件",
        "pause": "暂停",
        "quit": "退出",
        "paused": "已暂停",
        "status": "状态",
        "health": "运行状况",
        "log": "原始应答与事件",
        "raw-wait": "等待 {quantity} 的下一次读数，最长 15 秒",
    },
}

for _language in LANGUAGES:
    for _texts in (
        commissioning_wording,
        wording_firmware,
        wording_guide,
        wording_provision,
        wording_swap,
        wording_update,
    ):
        TEXTS[_language] |= _texts.TEXTS[_language]
        FAULTS[_language] |= _texts.FAULTS[_language]
        PAGE[_language] |= _texts.PAGE[_language]
