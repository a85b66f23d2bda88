"""The sentences of steps and checks about boxes, breakers, data plans and papers: data for `wording`."""

STEPS = {
    "en": {
        "data_plan": "The data plan of the modem's card has {kilobytes} kB left",
        "plan_used_up": "The data plan is used up: the modem is in the network, and no byte passes",
        "plan_renewed": "Somebody pays for the data plan; the network lets the modem in anew",
        "fit_breaker": "An electrician fits a breaker with a shunt release in front of the contactor",
        "lightning": "Lightning strikes: the box is dead, and all that was in its memory is gone",
        "swap_box": "A technician puts a spare in its place, bound by what the gateway has of the old",
        "old_box_back": "Somebody puts the old box up at another well; nobody has bound it anew",
        "old_box_pumps": "There the old box lets its pump run for {seconds} s",
        "lay_up": "Winter: the pipe is drained, the meter goes home, its register is written down",
        "lay_up_ends": "Spring: the meter is on again, and its register is written down",
        "appeal": "The farmer does not agree with the {against}; the office writes down what he says",
        "decide_appeal": "The office decides the appeal, with reason and document: {outcome}",
    },
    "zh": {
        "data_plan": "流量卡只剩 {kilobytes} kB",
        "plan_used_up": "流量用尽：设备仍在网，但一个字节也过不去",
        "plan_renewed": "有人交了流量费；设备重新入网",
        "fit_breaker": "电工在接触器前装上带分励脱扣的断路器",
        "lightning": "雷击：控制箱损毁，其中存储全部丢失",
        "swap_box": "技术员换上备用箱，按网关所存旧箱数据与站点绑定",
        "old_box_back": "有人把旧箱装到另一口井上；无人重新绑定",
        "old_box_pumps": "旧箱在那里让水泵运行 {seconds} 秒",
        "lay_up": "入冬：排空管道，水表拆回，抄录止码",
        "lay_up_ends": "开春：水表装回，抄录起码",
        "appeal": "农户对 {against} 不服；主管部门记下申诉",
        "decide_appeal": "主管部门作出决定，附理由与文号：{outcome}",
    },
}

CHECKS = {
    "en": {
        "site_goes_on": (
            "the site's identity and totals",
            "Site {site}: {spare} has replaced {gone}; books go on from {base} L, now {booked} L",
        ),
        "both_seen": (
            "both boxes at the gateway",
            "Both are heard at {site}: {spare} is {spare_state}, {gone} is {gone_state}",
        ),
        "latest_wins": (
            "whose right it is",
            "Grant {seq} is in force at the newest box; the old one has grant {gone_seq} still",
        ),
        "counted_twice": (
            "what two boxes counted",
            "Since then the old box counted {held} L; the gateway says that {told} L count twice",
        ),
        "resting": ("how the well rests", "Meter off at {closing} L, on again at {opening} L"),
        "rule_says": ("what the county's rules say", "An alarm of the rule {rule} is open ({states})"),
        "rule_is_quiet": ("what the county's rules say", "Open alarms of the rule {rule}: {count}"),
        "appeal_decided": (
            "appeal and decision in the log",
            "{who} against {against}: {outcome}; both are in the log, and the log agrees",
        ),
    },
    "zh": {
        "site_goes_on": (
            "站点身份与累计水量",
            "站点 {site}：{spare} 替换 {gone}；账面从 {base} 升继续，现为 {booked} 升",
        ),
        "both_seen": (
            "网关可见两台",
            "网关在 {site} 听到两台：{spare} 为 {spare_state}，{gone} 为 {gone_state}",
        ),
        "latest_wins": ("授权归谁", "授权 {seq} 在最新的箱上生效；旧箱仍是授权 {gone_seq}"),
        "counted_twice": ("两箱重复计量", "换箱以来旧箱计得 {held} 升；网关指出重复计量 {told} 升"),
        "resting": ("越冬封存", "水表止码 {closing} 升，起码 {opening} 升"),
        "rule_says": ("县级规则", "规则 {rule} 的告警未销（{states}）"),
        "rule_is_quiet": ("县级规则", "规则 {rule} 的未销告警：{count} 条"),
        "appeal_decided": ("申诉与决定记录在案", "{who} 不服 {against}：{outcome}；均已入日志，核对一致"),
    },
}
