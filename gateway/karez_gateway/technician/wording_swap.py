"""The texts of a box swap, in both languages: data, no code. wording.py takes them in."""

TEXTS = {
    "en": {
        "old-shape": "{file} is no read-out of a controller: {why}. `karez tech readout FILE` makes one, "
        "with its bundle beside it.",
        "old-runs": "{file} was read while the pump ran: litres and register belong to different moments. "
        "Stop it and read out again.",
        "old-books": "{file} does not know its litres, or no register of a meter. Confirm the books at the "
        "old box, or provision the spare with the dials and let the office enter the volume in the ledger.",
        "old-other": "{file} is of the controller {name}, not of {wanted}.",
        "old-large": "{file} has more than {most} bytes: no such file is as large. Is it the right one? Of "
        "a long bundle only binding and grant are needed: `karez tech bundle FILE --from N` with a late "
        "record's number writes a short one.",
        "old-site": "the old box stood at {site}, the site's file says {name}. Give the file of {site}.",
        "old-unit": "the old box counted {quantity} by method {method} × {ppm} ppm, the site's file says "
        "method {other} × {other_ppm} ppm (1 metered, 2 and 3 converted): correct the file, or let the "
        "office bind the spare anew. Nothing was sent.",
        "old-config": "which configuration the spare gets is not known: the old box ran the one with the "
        "digest {sha256}…, and the site's file makes another or was not given. Give the file that was "
        "applied last with --config.",
        "old-meter-other": "the meter of {quantity} is {serial}, the binding names {wanted}: it was swapped "
        "since, and the office's folder does not know the litres before. Use the file of `karez gateway "
        "spare`.",
        "spare-file": "{file} is no file of `karez gateway spare`, or not a whole one. Let the office write "
        "it again.",
        "spare-rolled": "the register of {quantity} has rolled over (record {seq} of chain {chain}): which "
        "reading stands for the volume does not follow from it. Use a read-out of the old box, or provision "
        "the spare with the dials and let the office enter the volume in the ledger.",
        "office-folder": "{folder} is no folder of `karez tech provision`, or not a whole one.",
        "office-own": "the register of {quantities} at {site} is the box's own count: what it has counted "
        "since its binding stands in its records alone. Use a read-out, or the file of `karez gateway "
        "spare`.",
        "account-shape": "{text} is no account with its litres: --account 7=900.",
        "account-less": "account {account} has {known_l} litres by its last record; {used_l} are fewer. An "
        "account never falls.",
        "old-grant": "{file} does not hold the grant in force: read out again after the next stop.",
        "old-grant-needed": "the old box had grant {seq} in force, by its last record, and the gateway does "
        "not hold it: give its file with --grant. Nothing was sent.",
        "grant-none": "the file of --grant is no grant: {why}. Nothing was sent.",
        "old-orders": "the old box had orders in force: {orders}. Give their files with --order. Nothing "
        "was sent.",
        "old-needed": "what is known of the old box is needed: --old FILE, its read-out, or --from FILE, "
        "what `karez gateway spare` has written; not both.",
        "old-same": "the controller {name} is the old box: put the cable into the spare.",
        "carried-other": "account {account} has {there} litres in the spare, {used} at the old box. Do not "
        "use the spare; tell the office.",
        "carried-books": "the spare has booked {booked} litres since the old box, the meter has counted "
        "{counted}. Do not use the spare; tell the office.",
    },
    "zh": {
        "old-shape": "{file} 不是控制器的读出文件：{why}。用 `karez tech readout FILE` 读出，证据文件在其旁"
        "。",
        "old-runs": "{file} 读出时水泵在运行：水量与读数不是同一时刻。请停泵后重新读出。",
        "old-books": "{file} 中水量或表计读数未知。请在旧控制器上确认，或按表盘配置备机，由管理部门在台账中"
        "记入水量。",
        "old-other": "{file} 属于控制器 {name}，不是 {wanted}。",
        "old-large": "{file} 超过 {most} 字节：不会有这么大的文件。是否选错？证据文件过长时只需绑定和用水指"
        "标：`karez tech bundle FILE --from N`，N 取较新的记录号，即可写出短文件。",
        "old-site": "旧控制器位于 {site}，取水口文件写的是 {name}。请给出 {site} 的文件。",
        "old-unit": "旧控制器以方式 {method} × {ppm} ppm 计 {quantity}，取水口文件为方式 {other} × "
        "{other_ppm} ppm（1 计量，2、3 折算）：请更正文件，或由管理部门重新绑定备机。未发送任何内容。",
        "old-config": "备机的配置未知：旧控制器所用配置的摘要为 {sha256}…，取水口文件生成的不同，或未给出。"
        "请用 --config 给出最后一次生效的文件。",
        "old-meter-other": "{quantity} 的表计是 {serial}，绑定中是 {wanted}：此后换过表，管理部门的文件夹不"
        "知道此前的水量。请使用 `karez gateway spare` 的文件。",
        "spare-file": "{file} 不是 `karez gateway spare` 的文件，或不完整。请由管理部门重新写出。",
        "spare-rolled": "{quantity} 的读数已翻转（第 {chain} 链第 {seq} 条记录）：无法由水量推出读数。请使用"
        "旧控制器的读出文件，或按表盘配置备机，由管理部门在台账中记入水量。",
        "office-folder": "{folder} 不是 `karez tech provision` 的文件夹，或不完整。",
        "office-own": "{site} 的 {quantities} 由控制器自己累计：绑定以来的累计只在其记录中。请使用读出文件，"
        "或 `karez gateway spare` 的文件。",
        "account-shape": "{text} 不是账户及其水量：--account 7=900。",
        "account-less": "账户 {account} 按最后的记录为 {known_l} 升，{used_l} 更少。账户水量不会减少。",
        "old-grant": "{file} 中没有有效的用水指标：请在下次停泵后重新读出。",
        "old-grant-needed": "按最后的记录，旧控制器的用水指标为第 {seq} 号，网关没有其文件：请用 --grant 给"
        "出。未发送任何内容。",
        "grant-none": "--grant 的文件不是用水指标：{why}。未发送任何内容。",
        "old-orders": "旧控制器有生效的指令：{orders}。请用 --order 给出其文件。未发送任何内容。",
        "old-needed": "需要旧控制器的资料：--old FILE（其读出文件），或 --from FILE（`karez gateway spare` "
        "写出的文件），二者取一。",
        "old-same": "控制器 {name} 就是旧控制器：请把线缆接到备机。",
        "carried-other": "账户 {account} 在备机为 {there} 升，在旧控制器为 {used} 升。不要使用备机，请告知管"
        "理部门。",
        "carried-books": "自旧控制器以来备机记账 {booked} 升，表计走了 {counted} 升。不要使用备机，请告知管"
        "理部门。",
    },
}

FAULTS: dict[str, dict[str, str]] = {"en": {}, "zh": {}}

# Where a figure is from: said at the well, and part of the report.
PAGE = {
    "en": {
        "from-readout": "   W {volume_l} L, registers and accounts: read-out {file}, at record {seq}",
        "from-record": "   W {volume_l} L (and P {held_l} L, not booked): record {seq} of chain {chain}, "
        "{utc}, entry {entry} of {log}",
        "from-unsigned": "   no signature of the box stands over record {seq} yet: the link alone vouches "
        "for it",
        "from-stop": "   account {account}: {used_l} L by record {seq} of chain {chain}, {utc}, entry "
        "{entry} of {log}",
        "from-start": "   account {account}: {used_l} L, its irrigation of record {seq} of chain {chain} "
        "was never closed: W's rise since is in it; entry {entry} of {log}",
        "from-act": "   account {account}: {used_l} L, as handed over in record {seq} of chain {chain}, "
        "{utc}, entry {entry} of {log}",
        "from-said": "   account {account}: {used_l} L, as the technician says",
        "from-accounts": "   {count} accounts, {total_l} L in all",
        "from-nobody": "   what the meter has counted since {utc} is no account's",
        "from-paper": "   {sort}, {state}: entry {entry} of {log}",
        "from-unheld": "   order {order}, taken by record {seq} of chain {chain}, {utc}, is not at the "
        "gateway: the spare does not get it; if it is in force, bring it with --order",
        "from-config": "   configuration {sha256}…, the one that the old box ran by its last statement",
        "from-config-said": "   configuration {sha256}…, as the technician gives it",
        "from-office": "   binding and configuration: the office's folder {folder}; W since the binding of "
        "{utc}, as the same meters hang here; accounts are not known there",
        "from-unseen": "   {quantities}: the register is the box's own count; what flowed while no box "
        "counted was not measured",
    },
    "zh": {
        "from-readout": "   W {volume_l} 升、读数和账户：读出文件 {file}，第 {seq} 条记录",
        "from-record": "   W {volume_l} 升（另有 P {held_l} 升未入账）：第 {chain} 链第 {seq} 条记录，{utc}"
        "，{log} 第 {entry} 项",
        "from-unsigned": "   第 {seq} 条记录尚无控制器的签名：仅由链路保证",
        "from-stop": "   账户 {account}：{used_l} 升，第 {chain} 链第 {seq} 条记录，{utc}，{log} 第 {entry} "
        "项",
        "from-start": "   账户 {account}：{used_l} 升，第 {chain} 链第 {seq} 条记录的灌溉未结束，含此后 W 的"
        "增加；{log} 第 {entry} 项",
        "from-act": "   账户 {account}：{used_l} 升，第 {chain} 链第 {seq} 条记录中移交，{utc}，{log} 第 "
        "{entry} 项",
        "from-said": "   账户 {account}：{used_l} 升，由技术员说明",
        "from-accounts": "   {count} 个账户，共 {total_l} 升",
        "from-nobody": "   {utc} 以来表计的水量不属于任何账户",
        "from-paper": "   {sort}，{state}：{log} 第 {entry} 项",
        "from-unheld": "   第 {order} 号指令（第 {chain} 链第 {seq} 条记录，{utc}）不在网关：备机得不到它；"
        "如仍有效，请用 --order 给出",
        "from-config": "   配置 {sha256}…，即旧控制器最后声明的配置",
        "from-config-said": "   配置 {sha256}…，由技术员给出",
        "from-office": "   绑定和配置：管理部门的文件夹 {folder}；W 自 {utc} 的绑定起算，表计未更换；账户在"
        "此未知",
        "from-unseen": "   {quantities}：读数由控制器自己累计；无控制器期间的水量没有计量",
    },
}
