"""The texts of the guide at the well, in both languages: data, no code. wording.py takes them in."""

TEXTS = {
    "en": {
        "visit-file": "{file} is no working file of a visit. Name another, or leave out --resume.",
        "visit-kind": "{file} is the working file of a {kind}: use the verb that wrote it.",
        "visit-exists": "{file} is there already: --resume goes on with it; else name another file.",
        "visit-toml": "{file} is no TOML: {why}. Nothing was sent.",
        "visit-faults": "{count} faults in the answers of {file}. Nothing was sent.",
        "visit-unanswered": "nobody answered {name}: answer it at the keyboard or in the file of answers, "
        "and "
        "go on with --resume. Every step before it is kept.",
        "visit-check-failed": "the check {name} has failed, and the file of answers cannot decide what to "
        "do: "
        "mend the cause and go on with --resume, without the answers of this step to decide at the keyboard.",
        "visit-bare": "the controller {name} has no site yet: `karez tech provision` gives it one, then go "
        "on.",
        "visit-no-name": "a site needs a name, in Chinese or in English. Go on with --resume.",
        "visit-half-place": "a position has both latitude and longitude, or neither. Go on with --resume.",
        "scan-range": "{first} to {last} is no range of addresses: two whole numbers, at most 1,024 apart.",
        "scan-bauds": "{bauds} are no speeds: at most 16 whole numbers from 300 to 115,200.",
        "visit-wait": "{why} A box takes one object a minute from the cable. Go on with --resume after that.",
        "visit-grant": "{text} is no grant: a file, or the text of its QR code (base64, at most 500 bytes).",
        "visit-class": "{name}: you say {said}, the box is bound as {theirs}. The binding decides: correct "
        "the "
        "answer, or let the office bind the box anew.",
        "visit-test-stopped": "the pump stopped during the step test: start it, let the well settle, and "
        "go on "
        "with --resume.",
        "visit-test-none": "no result of the step test of {seconds} s, and the controller no longer says "
        "why. Let the well settle, and go on with --resume.",
        "visit-test-meter": "the controller has given up the step test: it did not believe a meter, or lost "
        "one. `karez tech status` and `bus` say which: see to its cable and supply, and go on with --resume.",
        "visit-test-ceased": "the controller has given up the step test: a meter showed no flow or no power. "
        "Look at pump, valve and the meters' readings (`karez tech live`), and go on with --resume.",
        "visit-test-unsteady": "the controller has given up the step test: flow or power moved by more than "
        "20 %, or its thirds differ by more than 3 %. Leave the valves alone, wait until level and flow "
        "stand "
        "still (half an hour after a start), and go on with --resume.",
        "visit-test-coarse": "the controller has given up the step test: in {seconds} s the registers moved "
        "by too few of their steps. Give it more seconds, and go on with --resume.",
        "visit-not-started": "nobody has started the pump. Go on with --resume.",
        "visit-not-stopped": "nobody has stopped the pump. Go on with --resume.",
        "visit-flow-short": "the pump stopped before enough had run for the dials. Start it, and go on with "
        "--resume.",
        "visit-no-reading": "the meter of {quantity} does not answer: cable, address, supply. `karez tech "
        "bus` "
        "counts its tries. Go on with --resume.",
        "visit-no-power": "the power meter shows no power although the pump runs: voltage taps and CTs, "
        "then go "
        "on with --resume.",
        "visit-no-begin": "{name} was left out, so there is nothing to compare with: leave this one out as "
        "well.",
        "visit-no-meter": "this box reads no meter of {quantity}.",
        "visit-closing": "the closing reading {closing} is below {last}, what the controller read of this "
        "meter "
        "last. Read its dial again, and go on with --resume.",
        "visit-opening": "the new meter reads {register}, below the opening reading {opening}. The swap is "
        "booked: "
        "tell the office, who corrects the ledger.",
        "visit-books": "the controller does not know its litres: the meter does not answer, or what it reads "
        "cannot "
        "be right. `karez tech live` and `status` say which.",
    },
    "zh": {
        "visit-file": "{file} 不是现场作业的工作文件。请另选文件，或去掉 --resume。",
        "visit-kind": "{file} 是 {kind} 的工作文件：请使用生成它的命令。",
        "visit-exists": "{file} 已存在：用 --resume 继续，或另选文件。",
        "visit-toml": "{file} 不是 TOML：{why}。未发送任何内容。",
        "visit-faults": "{file} 的答案有 {count} 处错误。未发送任何内容。",
        "visit-unanswered": "{name} 无人回答：请在键盘或答案文件中回答，再用 --resume 继续。此前各步均已保"
        "存。",
        "visit-check-failed": "检查 {name} 不合格，答案文件不能决定如何处理：请排除原因后用 --resume 继续；"
        "如要在键盘上决定，请去掉该步的答案。",
        "visit-bare": "控制器 {name} 尚无取水口：先用 `karez tech provision` 配置，再继续。",
        "visit-no-name": "取水口需要名称，中文或英文均可。用 --resume 继续。",
        "visit-half-place": "位置须同时有纬度和经度，或都没有。用 --resume 继续。",
        "scan-range": "{first} 到 {last} 不是地址范围：两个整数，相差不超过 1024。",
        "scan-bauds": "{bauds} 不是波特率：最多 16 个 300 到 115200 的整数。",
        "visit-wait": "{why} 控制器每分钟只从线缆接受一个文件。稍后用 --resume 继续。",
        "visit-grant": "{text} 不是用水指标：请给出文件，或其二维码的文本（base64，最多 500 字节）。",
        "visit-class": "{name}：您填 {said}，控制器绑定为 {theirs}。以绑定为准：请更正答案，或由管理部门重"
        "新绑定。",
        "visit-test-stopped": "阶跃试验中水泵停了：请启动，待水位稳定后用 --resume 继续。",
        "visit-test-none": "{seconds} 秒的阶跃试验没有结果，控制器已不能说明原因。待水位稳定后用 --resume 继"
        "续。",
        "visit-test-meter": "控制器中止了阶跃试验：某个表计的读数不可信或中断。`karez tech status` 和 `bus` "
        "说明是"
        "哪个：检查其线缆和电源，再用 --resume 继续。",
        "visit-test-ceased": "控制器中止了阶跃试验：表计显示无流量或无功率。请检查水泵、阀门和读数"
        "（`karez tech live`），再用 --resume 继续。",
        "visit-test-unsteady": "控制器中止了阶跃试验：流量或功率变化超过 20 %，或三段相差超过 3 %。请勿动阀"
        "门，待水位"
        "和流量稳定（启动后约半小时），再用 --resume 继续。",
        "visit-test-coarse": "控制器中止了阶跃试验：{seconds} 秒内读数走动的分度太少。请加长时间，再用 --res"
        "ume 继续。",
        "visit-not-started": "无人启动水泵。用 --resume 继续。",
        "visit-not-stopped": "无人停泵。用 --resume 继续。",
        "visit-flow-short": "水量尚不足以比对表盘，水泵就停了。请启动后用 --resume 继续。",
        "visit-no-reading": "{quantity} 的表计没有应答：检查线缆、地址、电源。`karez tech bus` 有统计。"
        "用 --resume 继续。",
        "visit-no-power": "水泵在运行，但电表无功率：检查电压接线和互感器，再用 --resume 继续。",
        "visit-no-begin": "{name} 已略过，没有可比对的读数：请同样略过此步。",
        "visit-no-meter": "此控制器没有 {quantity} 的表计。",
        "visit-closing": "旧表止数 {closing} 小于控制器最后读到的 {last}。请重读表盘，再用 --resume 继续。",
        "visit-opening": "新表读数 {register} 小于填写的起数 {opening}。换表已记账：请告知管理部门在台账中"
        "更正。",
        "visit-books": "控制器水量未知：表计没有应答，或读数不合理。见 `karez tech live` 和 `status`。",
    },
}

FAULTS: dict[str, dict[str, str]] = {"en": {}, "zh": {}}

PAGE = {
    "en": {
        "visit-step": "── {title}",
        "visit-again": "   {why}",
        "visit-scan": "   asking {protocol} at {baud} Bd {framing}, addresses {first} to {last}",
        "visit-found": "   {profile} at address {address}, {baud} Bd; sure to {sure} %",
        "visit-config": "   putting the configuration in force; the controller restarts",
        "visit-relay": "   the contactor closes for a moment: stand clear",
        "visit-start": "   start the pump now, with a card",
        "visit-stop": "   stop the pump now",
        "visit-test": "   the step test runs for {seconds} s or longer; leave valves and pump as they are",
        "visit-flow": "   the pump runs until the dials can be compared",
        "visit-confirm": "   the first readings cannot be bounded; they are confirmed in your name",
        "visit-passed": "   {title}: passed",
        "visit-failed": "   {title}: FAILED: {why}",
        "visit-done": "{steps} steps done; {result}",
        "result-passed": "all checks passed",
        "result-skipped": "no check failed, some were not done",
        "result-failed": "a check has failed",
        "why-nothing-answered": "nothing answered",
        "why-no-current": "no current was measured",
        "why-ct-off": "the meter's power is off by more than 10 %: CT ratio, direction or phases",
        "why-few-pulses": "fewer than 10 pulses",
        "why-pulses-off": "pulses and dial differ: weight of a pulse",
        "why-dial-stood": "the dial stood still",
        "why-dial-coarse": "the dial moved by fewer than 100 steps",
        "why-dial-off": "controller and dial differ by more than 1 %",
        "why-no-feedback": "no feedback came",
        "why-slow-feedback": "the feedback took longer than 5 s",
        "why-nothing-flowed": "no water or no energy was counted",
        "why-step-coarse": "too short for the steps of the registers",
    },
    "zh": {
        "visit-step": "── {title}",
        "visit-again": "   {why}",
        "visit-scan": "   以 {baud} Bd {framing} 查询 {protocol}，地址 {first} 到 {last}",
        "visit-found": "   {profile}，地址 {address}，{baud} Bd；把握 {sure} %",
        "visit-config": "   配置生效，控制器重启",
        "visit-relay": "   接触器短时吸合：请远离",
        "visit-start": "   请现在刷卡启动水泵",
        "visit-stop": "   请现在停泵",
        "visit-test": "   阶跃试验至少 {seconds} 秒；请勿动阀门和水泵",
        "visit-flow": "   水泵运行，直到可以比对表盘",
        "visit-confirm": "   最初的读数无法判断范围，以您的名义确认",
        "visit-passed": "   {title}：合格",
        "visit-failed": "   {title}：不合格：{why}",
        "visit-done": "完成 {steps} 步；{result}",
        "result-passed": "全部检查合格",
        "result-skipped": "无不合格项，有未做的检查",
        "result-failed": "有检查不合格",
        "why-nothing-answered": "没有应答",
        "why-no-current": "没有测到电流",
        "why-ct-off": "电表功率偏差超过 10 %：互感器变比、方向或相序",
        "why-few-pulses": "脉冲不足 10 个",
        "why-pulses-off": "脉冲与表盘不符：脉冲当量",
        "why-dial-stood": "表盘没有走动",
        "why-dial-coarse": "表盘走动不足 100 格",
        "why-dial-off": "控制器与表盘相差超过 1 %",
        "why-no-feedback": "没有反馈",
        "why-slow-feedback": "反馈超过 5 秒",
        "why-nothing-flowed": "没有水量或电量",
        "why-step-coarse": "时间太短，读数分辨率不够",
    },
}
