"""The sentences of steps and checks about two wells, and about whole seasons: data for `wording`."""

STEPS = {
    "en": {
        "second_well": "A second well of the village gets a box of its own, bound to it, at the same gateway",
        "grant_there": "The second well gets a right to {litres} L more",
        "start_there": "{card} starts the second well; its contactor closes",
        "stop_there": "Stop is pressed at the second well; its controller writes the stop",
        "both_run_out": "Both pumps run until their controllers stop them",
        "feeder_cut": "The feeder fails: both wells lose their supply in the same moment",
        "feeder_back": "The feeder is back; both controllers start",
        "on_duty": "Somebody is on duty, and told of what nobody has acknowledged for a minute",
    },
    "zh": {
        "second_well": "村里第二口井装上自己的控制箱，完成绑定，接入同一网关",
        "grant_there": "第二口井获授权再取 {litres} 升",
        "start_there": "{card} 在第二口井按启动；接触器闭合",
        "stop_there": "在第二口井按停泵；控制器写下停泵记录",
        "both_run_out": "两台水泵运行至各自控制器停泵",
        "feeder_cut": "馈线停电：两口井同时失电",
        "feeder_back": "馈线来电；两台控制器启动",
        "on_duty": "安排值班：一分钟内无人确认的告警报给值班员",
    },
}

CHECKS = {
    "en": {
        "card_at_both": ("who runs both wells", "Both pumps run, both for account {account}"),
        "ceilings_kept": (
            "what both wells gave",
            "Each was stopped by its own right: {booked} L together, up to {ceiling} L",
        ),
        "come_back_apart": (
            "when both come back",
            "By themselves, after {first} s and {last} s: {apart} s apart, by their numbers {own} s",
        ),
        "told_in_season": (
            "wells over a season, in virtual time",
            "At {strength}: {found} of {runs} wells tell it, half in {half} d of pumping, 90 % in {most} d",
        ),
        "escalated": ("whether the next person is told", "Who is on duty was told: {cause}"),
        "quiet_years": (
            "honest wells over years, in virtual time",
            "{alarms} false alarms in {years} years of honest wells",
        ),
    },
    "zh": {
        "card_at_both": ("两口井由谁启动", "两台水泵均在运行，均记账户 {account}"),
        "ceilings_kept": ("两口井共取水量", "各自按授权停泵：合计 {booked} 升，上限 {ceiling} 升"),
        "come_back_apart": (
            "两口井何时恢复",
            "自动恢复，分别在 {first} 秒与 {last} 秒后：相隔 {apart} 秒，按各自编号应为 {own} 秒",
        ),
        "told_in_season": (
            "虚拟时间中的一季",
            "强度 {strength}：{runs} 口井中 {found} 口报告；半数在抽水 {half} 天内，九成在 {most} 天内",
        ),
        "escalated": ("是否升级上报", "值班员已收到：{cause}"),
        "quiet_years": ("虚拟时间中的守规井", "守规井 {years} 年中误报 {alarms} 次"),
    },
}
