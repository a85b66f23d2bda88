"""The sentences of the steps and checks that the failure catalogue needs: data for `wording`."""

CARDS = {
    "en": {
        "farmer": "The farmer",
        "family": "His wife (a card of the same account)",
        "neighbour": "A neighbour (another account)",
        "stranger": "A stranger (a card nobody entered)",
    },
    "zh": {
        "farmer": "农户",
        "family": "其家人（同一账户的另一张卡）",
        "neighbour": "邻居（另一账户）",
        "stranger": "外人（未登记的卡）",
    },
}

VERBS = {"en": {"start": "start", "stop": "stop"}, "zh": {"start": "启动", "stop": "停泵"}}

STEPS = {
    "en": {
        "start_with": "{card} presses start; the contactor closes",
        "start_in_vain_with": "{card} presses start; the controller says no",
        "stop_with": "{card} presses stop; the controller writes the stop",
        "stop_in_vain": "Stop is pressed; the pump does not stop, and the controller says so",
        "comes_on": "The contactor closes, and nobody stands at the well",
        "step_test": "A technician's step test: {seconds} s at the running pump",
        "emergency": "The farmer presses the emergency button; the contactor closes",
        "door_open": "Somebody opens the door of the cabinet",
        "door_shut": "The door of the cabinet is shut",
        "grant_finish": "The regulator signs a right to {litres} L more, and {finish} L to finish what runs",
        "grant_emergency": "The regulator signs a right to {litres} L more, {emergency} L for an emergency",
        "grant_warning": "The regulator signs a right to {litres} L more that warns and does not stop",
        "grant_until": (
            "A right to {litres} L more, over in {seconds} s; "
            "then the interim rule: {interim} L, {interim_seconds} s"
        ),
        "convert": "Somebody at the cable sets a coefficient of {percent} % of the tested one",
        "remote": "An operator at the county wishes that the pump {verb}; the gateway sends it",
        "acknowledge": "A person at the county says that he knows of the alarms",
        "resend": "The operator sends the {level} platform its reports once more",
        "bridge": "Somebody bridges the contactor",
        "unbridge": "The bridge over the contactor is taken off",
        "water_table": "The water table now stands {depth_mm} mm deep",
        "antenna_off": "The antenna is pulled: nothing gets out and nothing comes in",
        "antenna_on": "The antenna is put on again",
        "clock_lost": "The controller's clock loses its time: it says the year 2000",
        "clock_found": "The controller's clock has the right time again",
        "second_pump": "A pump without a meter takes {watt_hours} Wh behind the same transformer",
    },
    "zh": {
        "start_with": "刷卡：{card}；按启动键，接触器闭合",
        "start_in_vain_with": "刷卡：{card}；按启动键，控制器拒绝",
        "stop_with": "刷卡：{card}；按停止键，控制器写下停泵记录",
        "stop_in_vain": "按停止键；水泵未停，控制器报告",
        "comes_on": "接触器闭合，井旁无人",
        "step_test": "技术员做抽水试验：水泵运行 {seconds} 秒",
        "emergency": "农户按应急键；接触器闭合",
        "door_open": "有人打开机柜门",
        "door_shut": "机柜门关上",
        "grant_finish": "主管部门签发授权，可再取 {litres} 升，另有 {finish} 升供本次灌完",
        "grant_emergency": "主管部门签发授权，可再取 {litres} 升，另有 {emergency} 升供应急",
        "grant_warning": "主管部门签发授权，可再取 {litres} 升，用完只提醒、不停泵",
        "grant_until": (
            "主管部门签发授权，可再取 {litres} 升，{seconds} 秒后到期；"
            "其后按过渡规则 {interim} 升，限 {interim_seconds} 秒"
        ),
        "convert": "有人在电缆口把系数改为试验值的 {percent} %",
        "remote": "县级操作员要求远程{verb}；由网关发送",
        "acknowledge": "县级值班人员确认已知悉告警",
        "resend": "操作员向{level}平台重发报文",
        "bridge": "有人短接接触器",
        "unbridge": "接触器短接线拆除",
        "water_table": "地下水位降到 {depth_mm} 毫米深",
        "antenna_off": "天线被拔：发不出也收不到",
        "antenna_on": "天线重新接上",
        "clock_lost": "控制器时钟丢失：显示 2000 年",
        "clock_found": "控制器时钟恢复正确",
        "second_pump": "同一变压器下一台无表水泵用电 {watt_hours} Wh",
    },
}

CHECKS = {
    "en": {
        "booked_to": (
            "whose irrigation it was",
            "The start stands on account {started}, the stop on account {stopped}",
        ),
        "not_on_record": ("what must not be on record", "On record since the act began, {cause}: {count}"),
        "no_start": ("that nothing started", "Starts since the act began: {count}; the contactor is open"),
        "signed": (
            "the controller's signature",
            "Event {seq} is covered by a signature up to record {covered}",
        ),
        "left_falls": ("what the panel shows", "The panel shows {first} L left, then {last} L"),
        "time_is": (
            "how far the time can be trusted",
            "Record {seq} says of its time: {state} (2 = synchronised); the numbers of the records go on",
        ),
        "coefficient_on_record": (
            "the new coefficient on record",
            "Segment {number} begins at {base} L, where the books stood ({before} L): nothing is rewritten",
        ),
        "nothing_lost": (
            "what a blind meter hides",
            "This act: {booked} L booked, {held} L beside them; the pump truly lifted {lifted} L",
        ),
        "alarm": ("an alarm at the county", "An alarm is open at the county ({states}): {cause}"),
        "receipts_complete": (
            "every stop at the platform",
            "The {level} platform has confirmed all {count} stops",
        ),
        "resent": (
            "reports that came again",
            "The {level} platform had {count} reports again, none contradicts",
        ),
        "feeder_finds": (
            "the balance of the transformer",
            "The transformer gave {feeder} kWh, its wells counted {wells} kWh: {unexplained} kWh unexplained",
        ),
    },
    "zh": {
        "booked_to": ("属于谁的灌溉", "启动记在账户 {started}，停泵记在账户 {stopped}"),
        "not_on_record": ("不应出现的记录", "本幕开始以来的记录，{cause}：{count} 条"),
        "no_start": ("没有启动", "本幕开始以来启动 {count} 次；接触器断开"),
        "signed": ("控制器签名", "事件 {seq} 已被签名覆盖（至记录 {covered}）"),
        "left_falls": ("面板所示", "面板显示剩余 {first} 升，随后 {last} 升"),
        "time_is": ("时间可信程度", "记录 {seq} 注明其时间状态：{state}（2 为已同步）；记录号连续"),
        "coefficient_on_record": (
            "新系数记录在案",
            "第 {number} 段从 {base} 升开始，即原账面（{before} 升）：此前不改",
        ),
        "nothing_lost": (
            "失灵水表之水",
            "本幕记账 {booked} 升，另计 {held} 升；实际提水 {lifted} 升",
        ),
        "alarm": ("县级告警", "县级告警未销（{states}）：{cause}"),
        "receipts_complete": ("平台收齐每次停泵", "{level}平台已确认全部 {count} 次停泵"),
        "resent": ("重发的报文", "{level}平台再次收到 {count} 份报文，无一矛盾"),
        "feeder_finds": (
            "变压器平衡",
            "变压器供出 {feeder} kWh，所带机井计得 {wells} kWh：{unexplained} kWh 无从解释",
        ),
    },
}
