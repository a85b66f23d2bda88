"""Every text that `karez regulator` shows, in both languages: data, no code. Faults: wording_faults.py."""

from . import wording_faults, wording_update

LANGUAGES = ("en", "zh")
FAULTS = wording_faults.FAULTS

# Why there is no result, by name; each says what to do.
TEXTS = {
    "en": {
        "refused": "{count:fault|faults}: nothing was signed.",
        "limits-faulty": "{count:fault|faults} in the limits: nothing was signed.",
        "unconfirmed": "nothing was signed. Read what is shown; to sign exactly this without being asked: "
        "--digest {digest}",
        "digest-differs": "what would be signed now is not what was shown: its digest is {digest}. "
        "Nothing was signed.",
        "language": "--lang is en or zh.",
        "office-missing": "{folder} is no folder: make it, and put trust.json and the limits there.",
        "office-busy": "somebody else works in {folder} just now: wait until he is done.",
        "trust": "{why}",
        "root-untrusted": "the key {key} is not among the regulators of trust.json: no well's binding that "
        "this office believes names it. Nothing was signed.",
        "office-untrusted": "office {office} may not sign orders with the key {key}: the list of "
        "offices says "
        "otherwise. Nothing was signed.",
        "excuse": "write --without SITE=REASON, not {text!r}.",
        "excuse-unknown": "--without names {sites}, which no request asks for.",
        "order-kind": "say what is ordered, stop, hours, seal or lift, or give --request FILE.",
        "order-request-options": "the request says what is ordered: leave out the kind and --site, --area, "
        "--until, --hours, --basis, --lifts.",
        "order-request-replayed": "this request was signed before: line {line} of the journal. Its orders "
        "are written again by `karez regulator journal again`.",
        "orders-folder": "these are {count:order|orders}, a file each: name a folder that is there with "
        "--out.",
        "order-target": "an order is for one site or one area: --site NAME or --area NAME.",
        "order-shape": "this is no order: {why}.",
        "order-time": "{text!r} is no day (2026-12-01) and no time with its zone.",
        "order-hours": "{text!r} are no hours: write 22:00-06:00.",
        "order-lift": "{text!r} names no order: write OFFICE:NUMBER, or OFFICE for all of it.",
        "list-shape": "this is no such list: {why}.",
        "list-signature": "{file}: the root did not sign it.",
        "list-same": "this is the list in force, number {seq}: there is nothing to sign.",
        "line-missing": "the journal has no line {n} with signed objects.",
        "file-unreadable": "{file} cannot be read: {why}",
        "file-unwritable": "{file} cannot be written: {why}",
        "file-exists": "{file} is there already and is not replaced. Use another name.",
        "key-unreadable": "{file} is no private key in PEM.",
        "key-other": "{file} holds a key of another sort; `karez regulator keygen` makes the right one.",
        "key-private": "{file} holds a private key; a list names public halves.",
        "key-public": "{file} is no public key: 64 hexadecimal digits, or PEM.",
        "passphrase-short": "the passphrase has at least {least:character|characters}.",
        "passphrase-missing": "no passphrase was given; scripts set {variable}.",
        "passphrase-wrong": "{file}: the passphrase is wrong or missing.",
        "passphrase-differs": "the two passphrases differ.",
        "document": "a document's number has at most {most:byte|bytes}.",
        "by": "say in at most 64 bytes who signs: --by NAME.",
    },
    "zh": {
        "refused": "共 {count} 处错误，未签任何内容。",
        "limits-faulty": "控制指标有 {count} 处错误，未签任何内容。",
        "unconfirmed": "未签任何内容。请阅读所示内容；若要不经询问签署这一内容：--digest {digest}",
        "digest-differs": "现在将签的内容与所示不同：摘要为 {digest}。未签任何内容。",
        "language": "--lang 为 en 或 zh。",
        "office-missing": "{folder} 不是文件夹：请先建立，并放入 trust.json 和控制指标。",
        "office-busy": "{folder} 正由他人使用，请稍候。",
        "trust": "{why}",
        "root-untrusted": "密钥 {key} 不在 trust.json 的监管机关之列：本机关认可的绑定都不指向它。"
        "未签任何内容。",
        "office-untrusted": "机关 {office} 不得用密钥 {key} 签署指令：机关名单另有规定。未签任何内容。",
        "excuse": "请写 --without 站点=理由，而不是 {text!r}。",
        "excuse-unknown": "--without 所列 {sites} 不在任何申请之中。",
        "order-kind": "请说明指令：stop、hours、seal 或 lift，或用 --request 文件。",
        "order-request-options": "指令内容由申请文件给出：请勿再写指令种类及 --site、--area、--until、"
        "--hours、--basis、--lifts。",
        "order-request-replayed": "该申请已签过：日志第 {line} 行。"
        "可用 `karez regulator journal again` 重新写出指令。",
        "orders-folder": "共 {count} 份指令，每份一个文件：请用 --out 指定已有的文件夹。",
        "order-target": "一份指令针对一个站点或一个区域：--site 名称 或 --area 名称。",
        "order-shape": "这不是指令：{why}。",
        "order-time": "{text!r} 既不是日期（2026-12-01），也不是带时区的时刻。",
        "order-hours": "{text!r} 不是时段：请写 22:00-06:00。",
        "order-lift": "{text!r} 未指明指令：请写 机关:编号，或只写机关以解除其全部指令。",
        "list-shape": "这不是此类名单：{why}。",
        "list-signature": "{file}：不是根机关所签。",
        "list-same": "这就是现行名单，编号 {seq}：无可签署。",
        "line-missing": "日志第 {n} 行没有签署对象。",
        "file-unreadable": "无法读取 {file}：{why}",
        "file-unwritable": "无法写入 {file}：{why}",
        "file-exists": "{file} 已存在，不会被覆盖。请换一个文件名。",
        "key-unreadable": "{file} 不是 PEM 格式的私钥。",
        "key-other": "{file} 是另一种密钥；请用 `karez regulator keygen` 生成。",
        "key-private": "{file} 是私钥；名单只列公钥。",
        "key-public": "{file} 不是公钥：应为 64 位十六进制数字或 PEM。",
        "passphrase-short": "口令至少 {least} 个字符。",
        "passphrase-missing": "没有给出口令；脚本可设置 {variable}。",
        "passphrase-wrong": "{file}：口令错误或缺失。",
        "passphrase-differs": "两次输入的口令不同。",
        "document": "文号至多 {most} 字节。",
        "by": "请说明签署人，至多 64 字节：--by 姓名。",
    },
}

# What is shown.
PAGE = {
    "en": {
        "passphrase": "Passphrase of {file}",
        "passphrase-again": "Again",
        "passphrase-new": "New passphrase",
        "key-made": "private key in {file}: keep it, and its passphrase, to yourself\npublic half: {public}",
        "mended": "the journal ended in half a line of a run that was cut off; nothing had been signed by it",
        "sign": "Sign this?",
        "digest": "digest of all this: {digest}",
        "written": "{file}: {count} signed, line {line} of the journal",
        "limits-good": "{regions:region|regions}, {limits:limit|limits}, {sites:site|sites}: no fault",
        "limits-above": "{region} {limit}: its parts add up to {parts} m³, it may take {most} m³",
        "grants-head": "{count:grant|grants} for {year}, document {document}, key {key}",
        "limits-title": "Limits",
        "limit-line": "{region} {limit}: {given} of {most} m³, {left} left",
        "villages-title": "Regions of this request: sites, right now (before), m³",
        "village-line": "{region}: {sites:site|sites}, {right} (before {former})",
        "limit-pending": "    and {pending} m³ more may be taken under grants that were cut and not yet "
        "replaced",
        "village-corrections": "    corrections: {added} m³ added, {back} m³ given back",
        "village-pending": "    pending cuts: {count:well|wells} may take {pending} m³ more until their "
        "controllers show the lower grant",
        "rises-title": "Largest rises",
        "rise-line": "{site}: {former} → {right} m³ (+{rise})",
        "rise-first": "{site}: first right, {right} m³",
        "policies": "At the ceiling: {stop} stop, {finish} finish the irrigation in progress, {warn} only "
        "warn",
        "allowances": "Above the ceilings, all wells together: {finish} m³ to finish, {emergency} m³ in "
        "emergencies",
        "after-year": "After the year, until {until} UTC at most: {litres} m³ by the interim rule, all wells "
        "together",
        "cuts": "{count:well gets|wells get} less, {litres} m³ together: a cut holds once its controller has "
        "confirmed it",
        "interim-title": "Without evidence: the interim rule only",
        "interim-line": "{site}: {right} m³, because: {because}",
        "notes-title": "To be looked at",
        "note-box": "{site}: another box than before, bound by the provisioner",
        "note-base": "{site}: its box began at another W than 0, and this office does not know the box "
        "before",
        "note-year": "{site}: what it gave before this year is proved by another box than the one there now",
        "note-year-end": "{site}: its box of before this year did not see the new year; {gap} m³ lie between "
        "its last signed W and that at which the next one began, and count in this year",
        "note-twice": "{site}: {twice} m³ were counted by two boxes and count as used; a person took "
        "{healed} m³ of them off",
        "note-twice-energy": "{site}: {twice_kwh} kWh were counted by two boxes and count as used; a person "
        "took {healed_kwh} kWh of them off",
        "note-behind": "{count:controller did not hold its last grant yet when it signed|controllers did not "
        "hold their last grant yet when they signed}: what it cut may still be pumped",
        "order-request": "Request made {made} UTC from alarm {alarm} in region {region}; SHA-256 {sha256}",
        "order-request-why": "The gateway says: {text}",
        "order-request-area": "Area {area}; by the gateway it has {count:well|wells}:",
        "order-request-left": "Left out: {site}: {why}",
        "order-request-count": "Orders: {count}",
        "order-request-unchecked": "Attention: there is no sites.csv here, so nobody checked that no well is "
        "for drinking water.",
        "order-request-strange": "Attention: sites.csv does not know {sites}; whether they are for drinking "
        "water was not checked.",
        "order-stop": "Order {seq} of office {office}: {target} stops at once",
        "order-hours": "Order {seq} of office {office}: {target} runs only from {from_time} to "
        "{to_time} local time",
        "order-seal": "Order {seq} of office {office}: {target} is sealed; the emergency allowance does "
        "not open",
        "order-lift": "Order {seq} of office {office}: lifts order {lift_seq} of office {lift_office} "
        "at {target}",
        "order-lift-all": "Order {seq} of office {office}: lifts every order of office {lift_office} at "
        "{target}",
        "order-until": "It ends by itself at {until} UTC.",
        "order-endless": "It holds until office {office} or the root lifts it.",
        "order-area": "It is for every well of the area; drinking water is stopped, too, unless the "
        "area's level "
        "or volume is the reason.",
        "order-level": "Reason: the area's water level. Drinking water goes on.",
        "order-volume": "Reason: the area's volume. Drinking water goes on.",
        "order-document": "Document: {document}",
        "list-head": "List {seq}, {date} UTC, {count:entry|entries}",
        "list-next": "List {seq} in the place of list {former}:",
        "list-first": "List {seq}, the first one:",
        "office-line": "office {number}: {may}, key {key}",
        "technician-line": "technician {number}: until {until}, key {key}",
        "endless": "without end",
        "added": "  new      {entry}",
        "gone": "  gone     {entry}",
        "changed": "  was      {before}\n  becomes  {after}",
        "kept": "  {count:entry stays as it is|entries stay as they are}",
        "journal-line": "{n}  {utc}  {sort}  {by}  {what}",
        "journal-good": "{count:line|lines}, each naming the one before; the last one: {sha256}",
        "what-grants": "{count:grant|grants} for {year}, document {document}",
        "what-order": "order {seq} of office {office}, document {document}",
        "what-orders": "{count:order|orders} of office {office}, document {document}, request {request}",
        "what-list": "list {seq}",
    },
    "zh": {
        "passphrase": "{file} 的口令",
        "passphrase-again": "再输入一次",
        "passphrase-new": "新口令",
        "key-made": "私钥在 {file}：请妥善保管，口令勿告他人\n公钥：{public}",
        "mended": "日志末尾是上次中断留下的半行；那次并未签出任何内容",
        "sign": "签署以上内容？",
        "digest": "以上内容的摘要：{digest}",
        "written": "{file}：签署 {count} 件，日志第 {line} 行",
        "limits-good": "{regions} 个区域、{limits} 项指标、{sites} 个站点：无错误",
        "limits-above": "{region} {limit}：下级合计 {parts} 立方米，本级指标 {most} 立方米",
        "grants-head": "{year} 年度取水权 {count} 份，文号 {document}，密钥 {key}",
        "limits-title": "控制指标",
        "limit-line": "{region} {limit}：{given} / {most} 立方米，剩余 {left}",
        "villages-title": "本次申请的区域：站点数，现取水权（原），立方米",
        "village-line": "{region}：{sites} 个站点，{right}（原 {former}）",
        "limit-pending": "    另有 {pending} 立方米仍可按已核减但尚未替换的取水权抽取",
        "village-pending": "    待生效核减：{count} 口井在控制器显示较低取水权之前还可多取 {pending} 立方米",
        "village-corrections": "    更正：增加 {added} 立方米，退回 {back} 立方米",
        "rises-title": "增幅最大",
        "rise-line": "{site}：{former} → {right} 立方米（+{rise}）",
        "rise-first": "{site}：首次授权 {right} 立方米",
        "policies": "到达上限时：{stop} 口停泵，{finish} 口续完当次灌溉，{warn} 口只提醒",
        "allowances": "上限之外，各井合计：续灌 {finish} 立方米，应急 {emergency} 立方米",
        "after-year": "年末之后，最迟至 {until} UTC：过渡规则各井合计 {litres} 立方米",
        "cuts": "{count} 口井减少，合计 {litres} 立方米：控制器确认之后才生效",
        "interim-title": "无证据：仅给过渡规则",
        "interim-line": "{site}：{right} 立方米，理由：{because}",
        "notes-title": "请留意",
        "note-box": "{site}：控制器与以前不同，由装配机关绑定",
        "note-base": "{site}：控制器起始累计水量不为 0，本机关不知道前一台",
        "note-year": "{site}：年初水量由另一台控制器证明，不是现在这一台",
        "note-year-end": "{site}：年前的控制器未到新年；其最后已签累计水量与下一台起始值之间的 {gap} 立方米"
        "计入本年",
        "note-twice": "{site}：{twice} 立方米被两台控制器计入，计为已用；其中 {healed} 立方米已由人扣除",
        "note-twice-energy": "{site}：{twice_kwh} 千瓦时被两台控制器计入，计为已用；"
        "其中 {healed_kwh} 千瓦时已由人扣除",
        "note-behind": "{count} 台控制器签名时尚未持有上一份取水权：其中减少的部分仍可能被抽取",
        "order-request": "申请：{made} UTC，据区域 {region} 的报警 {alarm}；SHA-256 {sha256}",
        "order-request-why": "网关说明：{text}",
        "order-request-area": "片区 {area}；据网关有 {count} 口井：",
        "order-request-left": "未列入：{site}：{why}",
        "order-request-count": "指令数：{count}",
        "order-request-unchecked": "注意：此处没有 sites.csv，未核对其中有无生活用水井。",
        "order-request-strange": "注意：sites.csv 中没有 {sites}，未核对是否为生活用水井。",
        "order-stop": "机关 {office} 第 {seq} 号指令：{target} 立即停泵",
        "order-hours": "机关 {office} 第 {seq} 号指令：{target} 只可在当地时间 {from_time} 至 {to_time} 运行",
        "order-seal": "机关 {office} 第 {seq} 号指令：封停 {target}；应急水量也不开放",
        "order-lift": "机关 {office} 第 {seq} 号指令：解除机关 {lift_office} 对 {target} 的第 "
        "{lift_seq} 号指令",
        "order-lift-all": "机关 {office} 第 {seq} 号指令：解除机关 {lift_office} 对 {target} 的全部指令",
        "order-until": "到 {until} UTC 自行终止。",
        "order-endless": "在机关 {office} 或根机关解除之前一直有效。",
        "order-area": "适用于该区域所有的井；除非因区域水位或水量，否则生活用水也停。",
        "order-level": "原因：区域水位。生活用水照常。",
        "order-volume": "原因：区域水量。生活用水照常。",
        "order-document": "文号：{document}",
        "list-head": "名单 {seq}，{date} UTC，{count} 项",
        "list-next": "名单 {seq}，取代名单 {former}：",
        "list-first": "名单 {seq}，首份：",
        "office-line": "机关 {number}：{may}，密钥 {key}",
        "technician-line": "技术员 {number}：有效至 {until}，密钥 {key}",
        "endless": "无期限",
        "added": "  新增  {entry}",
        "gone": "  取消  {entry}",
        "changed": "  原为  {before}\n  改为  {after}",
        "kept": "  {count} 项不变",
        "journal-line": "{n}  {utc}  {sort}  {by}  {what}",
        "journal-good": "{count} 行，逐行相扣；末行：{sha256}",
        "what-grants": "{year} 年度取水权 {count} 份，文号 {document}",
        "what-order": "机关 {office} 第 {seq} 号指令，文号 {document}",
        "what-orders": "机关 {office} 的 {count} 份指令，文号 {document}，申请 {request}",
        "what-list": "名单 {seq}",
    },
}

for _language in LANGUAGES:
    TEXTS[_language] |= wording_update.TEXTS[_language]
    PAGE[_language] |= wording_update.PAGE[_language]
