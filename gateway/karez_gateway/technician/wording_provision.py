"""The texts of `karez tech provision`, in both languages: data, no code. wording.py takes them in."""

TEXTS = {
    "en": {
        "refused-bare": "this controller has no site yet: `karez tech provision` gives it one. {said}",
        "refused-incomplete": "what came over the cable is not whole: {said}. Begin again.",
        "options-needed": "missing: {options}. `karez tech provision --help` explains them.",
        "site-toml": "{file} is no TOML: {why}. Nothing was sent. `karez tech provision --example` shows "
        "a good file; a JSON file ends in .json.",
        "site-large": "{file} is larger than {most} bytes: is it a site's file?",
        "site-config-large": "{file}: its configuration is {size} bytes, a controller holds {most}. Use "
        "fewer cards, windows or rows.",
        "binding-none": "no binding can be made of this file: {why}.",
        "key-private": "{file} holds a private key. The regulator keeps that; ask for the public half.",
        "key-public": "{file} is no public key: 64 hexadecimal digits, or PEM.",
        "list-other": "{file} is not signed by the regulator's key {key}. Which of the two is the wrong "
        "one? Nothing was sent.",
        "authority-key": "{file} is no key of a link authority (ECDSA P-256); "
        "`karez tech keygen --authority` makes one.",
        "authority-file": "{file} cannot be read: {why}. The authority's certificate lies beside its key "
        "as .crt, or name it with --authority-certificate.",
        "authority-other": "{file} is the certificate of another key than {key}.",
        "authority-none": "{file} is no certificate of an authority.",
        "authority-over": "{file} was valid until {day}: make a new authority, and give its certificate "
        "to the broker as well.",
        "authority-name": "{file} would be key and certificate in one: end its name in .pem or .key.",
        "box-other": "the box {name} is on the cable, not {wanted}. Nothing was sent.",
        "version-binding": "this controller takes version {theirs} of a binding, this tool makes version "
        "{ours}. Use the tool that fits the controller's firmware. Nothing was changed.",
        "held-other": "an earlier try has left in this box what is not yours, or says something else: "
        "{names}. Use the files of that try, or --anew, which lets go of these and begins again. Nothing "
        "was changed.",
        "provisioned-already": "the controller {name} has a site for good: {site}. Nothing was sent. For "
        "another configuration use `karez tech config apply`, for a newer list "
        "`karez tech technicians bring`; another site takes another box. If this very run was cut off, "
        "repeat it with the --out folder it wrote to.",
        "object-differs": "the box does not hold the {name} that it was sent. Begin again; what it has "
        "already is not sent twice.",
        "provision-undone": "the box did not take the binding and still needs: {needs}. It has no site; "
        "begin again.",
        "proof-differs": "the controller runs, but its {what} is not what it was given. Do not install "
        "it; `karez tech identify` shows what it says.",
    },
    "zh": {
        "refused-bare": "此控制器还没有取水口：请用 `karez tech provision` 初始化。{said}",
        "refused-incomplete": "经电缆收到的内容不完整：{said}。请重新开始。",
        "options-needed": "缺少：{options}。说明见 `karez tech provision --help`。",
        "site-toml": "{file} 不是 TOML 文件：{why}。未发送任何内容。`karez tech provision --example` 给出"
        "范例；JSON 文件名须以 .json 结尾。",
        "site-large": "{file} 超过 {most} 字节：是取水口文件吗？",
        "site-config-large": "{file}：其中的配置有 {size} 字节，控制器最多容纳 {most} 字节。请减少卡、时"
        "段或曲线行数。",
        "binding-none": "无法由此文件生成绑定：{why}。",
        "key-private": "{file} 是私钥。私钥由监管机关保管，请索取公钥。",
        "key-public": "{file} 不是公钥：应为 64 位十六进制数字或 PEM。",
        "list-other": "{file} 不是监管机关密钥 {key} 签名的。请确认哪一个有误。未发送任何内容。",
        "authority-key": "{file} 不是通信证书机构的密钥（ECDSA P-256）；可用 "
        "`karez tech keygen --authority` 生成。",
        "authority-file": "无法读取 {file}：{why}。机构证书应与密钥同名、后缀 .crt，或用 "
        "--authority-certificate 指定。",
        "authority-other": "{file} 是另一密钥的证书，不属于 {key}。",
        "authority-none": "{file} 不是机构证书。",
        "authority-over": "{file} 的有效期至 {day}：请生成新的机构，并把其证书交给消息服务器。",
        "authority-name": "{file} 的密钥与证书会同名：请让文件名以 .pem 或 .key 结尾。",
        "box-other": "电缆上是控制器 {name}，不是 {wanted}。未发送任何内容。",
        "version-binding": "此控制器接受第 {theirs} 版绑定，本工具生成第 {ours} 版。请使用与控制器固件相"
        "配的工具。未作任何更改。",
        "held-other": "控制器中留有以前未完成的内容，与本次不同：{names}。请使用那次的文件，或用 --anew "
        "清除后重新开始。未作任何更改。",
        "provisioned-already": "控制器 {name} 已绑定取水口：{site}。未发送任何内容。更改配置请用 "
        "`karez tech config apply`，更新名单请用 `karez tech technicians bring`；别的取水口须用别的控制器"
        "。若正是本次操作中断，请用同一 --out 文件夹重新执行。",
        "object-differs": "控制器中的 {name} 与发送的不同。请重新开始；已有的内容不会重发。",
        "provision-undone": "控制器没有收下绑定，仍缺：{needs}。它还没有取水口，请重新开始。",
        "proof-differs": "控制器已运行，但其 {what} 与所给的不同。请勿安装；可用 `karez tech identify` 查"
        "看。",
    },
}

# What is wrong at a place of a site's file.
FAULTS = {
    "en": {
        "no-choice": "{value} is none of {known}",
        "text-odd": "{value} begins or ends with a blank, or holds what cannot be printed",
        "dial-other": "is not the unit of a meter of {quantity}",
        "dial-pulses": "a meter that sends pulses is counted from 0 by the controller: leave it out",
        "dial-missing": "is missing: what the meter's dial shows now, in this unit, whole",
        "conversion-meter": "converts energy to litres, and there is no meter of energy",
        "conversion-channel": "an open channel counts by its curve, not by energy",
        "conversion-missing": "is missing: without a water meter litres are made from energy",
        "channel-rated": "{value} L/h, and the curve of the channel reaches {greatest}",
    },
    "zh": {
        "no-choice": "{value} 不是 {known} 之一",
        "text-odd": "{value} 首尾有空格，或含有不可打印的字符",
        "dial-other": "不是 {quantity} 表的单位",
        "dial-pulses": "脉冲表由控制器从 0 计起：请不要填写",
        "dial-missing": "缺失：请按此单位填写表盘现在的读数（整数）",
        "conversion-meter": "须由电量换算水量，但没有电表",
        "conversion-channel": "明渠按曲线计量，不按电量换算",
        "conversion-missing": "缺失：没有水表时须由电量换算水量",
        "channel-rated": "{value} 升/时，而明渠曲线可达 {greatest}",
    },
}

PAGE = {
    "en": {
        "found-bare": "{port:<16} controller {name}, without a site: karez tech provision",
        "key-plain": "{file} is not encrypted: whoever copies it can sign in your name",
        "bringing": "{name}: {done} of {size} bytes   ",
        "starting": "the box starts anew, up to two minutes   ",
        "object": "{name:<12} {size:>5} bytes  sha256 {sha256}  {state}",
        "object-sent": "sent, taken and compared",
        "object-there": "was there",
        "object-make": "would be sent",
        "provision-box": "controller {name} for site {site}, key {fingerprint}",
        "provision-dry": "everything fits; nothing was sent, nothing was written",
        "provision-nobody": "no list of technicians: nobody can log in until "
        "`karez tech technicians bring` brings one",
        "provisioned": "it runs, and has proved what it was given. For the office, in {folder}: {files}\n"
        "next: karez gateway import registry.csv; print labels.html at 100 %",
        "authority-made": "private key in {file}: keep it, and its passphrase, to yourself\ncertificate "
        "in {certificate}: the broker needs it as ca.crt",
    },
    "zh": {
        "found-bare": "{port:<16} 控制器 {name}，尚无取水口：karez tech provision",
        "key-plain": "{file} 未加密：谁复制了它，谁就能以您的名义签名",
        "bringing": "{name}：{done}/{size} 字节   ",
        "starting": "控制器正在重新启动，最长两分钟   ",
        "object": "{name:<12} {size:>5} 字节  sha256 {sha256}  {state}",
        "object-sent": "已发送、收下并比对",
        "object-there": "原已存在",
        "object-make": "将要发送",
        "provision-box": "控制器 {name}，取水口 {site}，公钥指纹 {fingerprint}",
        "provision-dry": "全部相符；未发送任何内容，未写任何文件",
        "provision-nobody": "没有技术员名单：在用 `karez tech technicians bring` 带来名单之前，无人能登录",
        "provisioned": "控制器已运行，并证实了所收内容。交办公室的文件在 {folder}：{files}\n下一步：karez"
        " gateway import registry.csv；按 100 % 打印 labels.html",
        "authority-made": "私钥在 {file}：请妥善保管，口令勿告他人\n证书在 {certificate}：消息服务器须以 "
        "ca.crt 使用",
    },
}
