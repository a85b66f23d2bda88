"""Every text of the commissioning report, as (English, Chinese): data, no code."""

TITLES = {
    "commissioning": ("Commissioning report", "调试验收报告"),
    "box-swap": ("Controller replacement report", "控制器更换报告"),
    "meter-swap": ("Meter replacement report", "仪表更换报告"),
}

# What came out of all checks.
RESULTS = {
    "passed": ("All checks passed", "全部检查合格"),
    "skipped": ("No check failed; some were not done", "无不合格项；有未做的检查"),
    "failed": ("A check has failed", "有检查不合格"),
    "unsigned": ("Draft: not signed by the technician", "草稿：技术员尚未签名"),
}

OUTCOMES = {
    "passed": ("passed", "合格"),
    "failed": ("FAILED", "不合格"),
    "skipped": ("not done", "未做"),
}

HEADINGS = {
    "site": ("Site", "取水口"),
    "controller": ("Controller", "控制器"),
    "meters": ("Meters", "仪表"),
    "replaced_box": ("Controller taken away", "拆下的控制器"),
    "replaced_meters": ("Meters taken away", "拆下的仪表"),
    "checks": ("Checks", "检查"),
    "seals": ("Seals", "封印"),
    "photos": ("Photos beside the file", "文件旁的照片"),
    "grant": ("Right in force", "有效水权"),
    "remarks": ("Remarks", "备注"),
    "people": ("Done by", "执行人"),
}

CHECKS = {
    "scan": ("Search on the line", "总线搜表"),
    "ct": ("Current transformers", "电流互感器"),
    "pulse": ("Pulses", "脉冲"),
    "dial": ("Dial within ±1 %", "表盘比对"),
    "contactor": ("Contactor, feedback", "接触器及反馈"),
    "step": ("Step test", "水电比试验"),
}

LABELS = {
    # site
    "code": ("Code", "编码"),
    "name_en": ("Name", "英文名"),
    "name_zh": ("Chinese name", "名称"),
    "county": ("County", "县市"),
    "village": ("Township, village", "乡镇、村"),
    "place": ("Coordinates, WGS 84", "坐标"),
    "permit": ("Abstraction permit", "取水许可证"),
    "right_holder": ("Right holder", "取水权人"),
    "use": ("Class of use", "用水类别"),
    "source": ("Source", "水源"),
    "fail": ("Pump without books or right", "无计量或无水权时水泵"),
    # controller
    "name": ("Name", "名称"),
    "key": ("Public key", "公钥"),
    "firmware_sha256": ("SHA-256 of the firmware", "固件摘要"),
    "tier": ("Evidence tier", "证据等级"),
    "chain": ("Chain", "记录链"),
    "volume_l": ("Well register W", "机井水量 W"),
    "last_seq": ("Last record taken", "末条记录号"),
    "because": ("Why", "原因"),
    # meters
    "quantity": ("Quantity", "量"),
    "maker": ("Maker", "厂家"),
    "model": ("Model", "型号"),
    "serial": ("Serial number", "编号"),
    "profile": ("Profile", "协议档"),
    "wiring": ("Line, address, speed", "线路、地址、速率"),
    "pulse_milli": ("Pulse", "脉冲当量"),
    "multiplier_ppm": ("Multiplier", "倍率"),
    "dial_start": ("Dial at start", "起始底数"),
    "verified_until": ("Verified until", "检定有效期至"),
    "closing": ("Last reading", "末次读数"),
    "opening": ("New meter's first reading", "新表首次读数"),
    # checks
    "check": ("Check", "项目"),
    "found": ("What was found", "结果数据"),
    "outcome": ("Result", "结论"),
    "tried": ("tried", "已试"),
    "proposal": ("proposal", "建议"),
    "sure": ("sure", "把握"),
    "by_meter": ("meter", "电表"),
    "by_clamp": ("clamp meter", "钳形表"),
    "error": ("error", "误差"),
    "pulses": ("pulses", "脉冲数"),
    "dial": ("dial", "表盘"),
    "registers": ("controller", "控制器"),
    "feedback": ("feedback", "反馈"),
    "closes": ("closes in", "合闸"),
    "opens": ("opens in", "分闸"),
    "measured": ("measured", "实测"),
    "ratio": ("ratio", "水电比"),
    "uncertainty": ("resolution", "分辨力误差"),
    "reason": ("why", "原因"),
    # the rest
    "number": ("Number", "编号"),
    "where": ("Place", "位置"),
    "meter": ("Of the meter", "所封仪表"),
    "file": ("File", "文件"),
    "size": ("Size", "大小"),
    "sha256": ("SHA-256", "SHA-256"),
    "shows": ("Shows", "内容"),
    "seq": ("Grant", "水权文件号"),
    "valid_to": ("Valid to", "有效期至"),
    "ceiling_l": ("Ceiling of W", "W 上限"),
    "technician": ("Technician", "技术员"),
    "technician_number": ("No. {number} of the list", "名单第 {number} 号"),
    "begun": ("Begun", "开始"),
    "finished": ("Finished", "完成"),
    "signature": ("Signature of the file", "文件签名"),
    "file_sha256": ("SHA-256 of the file", "文件摘要"),
    "page": ("page {page} of {pages}", "第 {page} 页，共 {pages} 页"),
    "unknown": ("unknown", "未知"),
    "none": ("none", "无"),
}

WORDS = {
    "water": ("water", "水表"),
    "energy": ("energy", "电表"),
    "level": ("level", "水位计"),
    "witness": ("witness", "比对水表"),
    "irrigation": ("irrigation", "农业灌溉"),
    "domestic": ("drinking water", "生活饮水"),
    "livestock": ("livestock", "牲畜饮水"),
    "industry": ("industry", "工业"),
    "groundwater": ("groundwater", "地下水"),
    "surface": ("surface water", "地表水"),
    "reclaimed": ("reclaimed water", "再生水"),
    "other": ("other", "其他"),
    "stopped": ("stops", "停"),
    "running": ("goes on", "不停"),
    "contact": ("auxiliary contact", "辅助触点"),
    "power": ("power", "功率"),
    "both": ("contact and power", "触点和功率"),
}

# Why a check has failed (judgement.py), and what to do.
REASONS = {
    "nothing-answered": (
        "nothing answered: look at wires A and B, power and speed",
        "无应答：检查 A、B 线、电源和速率",
    ),
    "no-current": (
        "no current: the pump must run, the clamp sit on a phase",
        "无电流：水泵须运行，钳形表须夹住一相",
    ),
    "ct-off": (
        "more than 10 % off: CT ratio, phase order or direction is wrong",
        "相差超过 10 %：变比、相序或方向有误",
    ),
    "few-pulses": ("fewer than 10 pulses: run longer", "不足 10 个脉冲：延长运行"),
    "pulses-off": (
        "pulses and dial differ: the pulse weight or the wire is wrong",
        "脉冲与表盘不符：脉冲当量或接线有误",
    ),
    "dial-stood": ("the dial did not move", "表盘未走"),
    "dial-coarse": (
        "fewer than 100 steps of the dial: run longer",
        "不足表盘最小分度的 100 倍：延长运行",
    ),
    "dial-off": (
        "more than 1 % off: multiplier, profile or meter is wrong",
        "相差超过 1 %：倍率、协议档或仪表有误",
    ),
    "no-feedback": ("no feedback came: look at the wire of the contact", "无反馈：检查触点接线"),
    "slow-feedback": ("later than 5 s: the controller would call it stuck", "超过 5 s：控制器会判为拒动"),
    "nothing-flowed": ("no water or no energy", "无水量或无电量"),
    "step-coarse": (
        "the registers' steps are more than 3 % of it: run longer",
        "分辨力误差超过 3 %：延长运行",
    ),
}

# Places for ink.
SIGN_HERE = (
    ("Technician", "技术员"),
    ("Right holder", "取水权人"),
    ("Water authority", "水行政主管部门"),
)
HINT = (
    (
        "The commissioning file is the original, signed with the technician's key; this page was made from it"
        " and can be made again. Times are Beijing time (UTC+8)."
    ),
    "调试文件为原件，带有技术员密钥的签名；本页由其生成，可重新生成。时间为北京时间 (UTC+8)。",
)
