"""Sentences about the registry's cells and objects, in English and Chinese: data, no code.

Each says what is wrong and what to do. A sentence is kept by its name with its facts, so that one finding can
be shown in either language (faults.py).
"""

LANGUAGES = ("en", "zh")

# What is wrong with a cell, a header, a sheet.
CELLS = {
    "unprintable": (
        "holds characters that cannot be printed, such as a line break",
        "含有不可打印的字符（如换行符），请删除",
    ),
    "text-long": ("has more than {most:byte|bytes}", "超过 {most} 字节"),
    "code": (
        "{text!r} is no name: 1 to 64 bytes, no slash, no space at its ends",
        "“{text}”不能作名称：1 至 64 字节，不含斜杠，首尾无空格",
    ),
    "no-number": ("{text!r} is no number", "“{text}”不是数字"),
    "decimals": ("{text!r} has more than {places:decimal|decimals}", "“{text}”的小数超过 {places} 位"),
    "not-whole": ("{text!r} is not whole", "“{text}”不是整数"),
    "range": (
        "{text!r} is below zero or larger than the books can hold",
        "“{text}”小于零，或超出账册可记的范围",
    ),
    "no-day": ("{text!r} is no day: write 2026-10-01", "“{text}”不是日期：请写成 2026-10-01"),
    "no-yes": ("{text!r} is neither yes nor no", "“{text}”既不是“是”也不是“否”"),
    "no-word": ("{text!r} is not known: one of {known}", "“{text}”不在可选范围内：{known}"),
    "formula": (
        "is a formula: put its value there (copy, then paste as values)",
        "单元格是公式：请改为数值（复制后“选择性粘贴—数值”）",
    ),
    "error-value": (
        "holds the spreadsheet's error {text}: put the value there",
        "单元格是错误值 {text}：请填入数值",
    ),
    "day-cell": (
        "the spreadsheet has made a day of this cell: format the column as text and type it again",
        "表格软件把该单元格变成了日期：请将该列设为“文本”格式后重新输入",
    ),
    "digits": (
        "has more than 15 digits, and a spreadsheet loses the rest: format it as text and type it again",
        "数字超过 15 位，表格软件会丢失后面的位数：请将该列设为“文本”格式后重新输入",
    ),
    "no-header": (
        "the first line must name the columns of {kind}: {needed} at least",
        "第一行应为“{kind}”的列名，至少有：{needed}",
    ),
    "unknown-header": (
        "{text!r} is no column of {kind}: one of {known}, or its Chinese label",
        "“{text}”不是“{kind}”的列：可用 {known} 或其中文名",
    ),
    "header-twice": ("two columns are named {text!r}", "有两列都叫“{text}”"),
    "beyond-header": ("stands outside the named columns", "在有列名的各列之外"),
    "effective-to-come": (
        "{day} is to come: bring the row in on that day, or say a day before",
        "{day} 尚未到来：请到当日再导入，或填写更早的日期",
    ),
    "effective-before": (
        "was changed already to hold from {held} on: see karez gateway registry history, and say a later day",
        "已登记有自 {held} 起生效的变更：见 karez gateway registry history，请填写更晚的日期",
    ),
    "effective-closed": (
        "{month} is closed, and its sites stand as they were at its end: say {first} or later",
        "{month} 已结账，其取水口以月末登记为准：请填写 {first} 或更晚的日期",
    ),
    "no-name": ("is empty, but it names the object", "为空，但它是名称的组成部分"),
    "named-twice": ("{name} stands already at {other}", "{name} 已出现在：{other}"),
    "ends-nothing": (
        "{name} is not in the registry: there is nothing to end",
        "登记册中没有 {name}：无可注销",
    ),
    "no-kind": (
        "say what its rows are with --kind, or name the file or sheet as a kind: {known}",
        "请用 --kind 说明其内容，或以类别名命名文件或工作表：{known}",
    ),
    "no-rows": ("holds no row under its names of columns", "列名之下没有任何数据行"),
}

# What is wrong with the registry as it would be.
FAULTS = {
    "needed": ("is needed and empty", "为必填项，现为空"),
    "no-such": ("there is no {kind} {target}", "不存在该{kind}：{target}"),
    "year": ("{year} is no water year: {least} to {most}", "{year} 不是有效的水量年度：{least} 至 {most}"),
    "days": ("ends on {to_date}, before it begins on {from_date}", "止于 {to_date}，早于起始日 {from_date}"),
    # regions
    "other-tree": ("lies below {parent}, which is of another tree", "上级区域 {parent} 属于另一棵树"),
    "cycle": ("lies below itself: {path}", "上下级关系成环：{path}"),
    "two-roots": (
        "has no region above it, and neither has {other}: a tree has one root",
        "没有上级区域，而 {other} 也没有：一棵树只能有一个根",
    ),
    "reserve-leaf": (
        "is a reserve node: nothing may lie in it, but {other} does",
        "是预留节点，其下不得有任何区域或站点，但有 {other}",
    ),
    "wrong-tree": ("{region} is of the tree {tree}, not {wanted}", "{region} 属于“{tree}”，不是“{wanted}”"),
    # sites
    "point": ("a {sort} is not measured at {point}: one of {known}", "{sort}不在{point}计量：可选 {known}"),
    "source": ("a {sort} takes no {source} water: one of {known}", "{sort}不取{source}：可选 {known}"),
    "no-permit": ("is licensed, so its permit is needed", "状态为已许可，须填取水许可证号"),
    "permit-holder": (
        "permit {permit} belongs to {owner}, not to {holder}",
        "许可证 {permit} 属于 {owner}，不属于 {holder}",
    ),
    "permit-class": ("permit {permit} is for {said}, not {own}", "许可证 {permit} 的用途是{said}，不是{own}"),
    "permit-source": (
        "permit {permit} is for {said} water, not {own}",
        "许可证 {permit} 的水源是{said}，不是{own}",
    ),
    "status": (
        "was {before} and cannot become {after}: {known}",
        "原状态为{before}，不能变为{after}：可变为 {known}",
    ),
    "retired-ends": (
        "is retired: it stays in the books, so that it never comes back",
        "已报废：须留在账册中，不得再启用",
    ),
    "renews-itself": ("cannot replace itself", "不能替代自己"),
    "renews-living": (
        "{old} is {status}, not retired: a well that is replaced is retired",
        "{old} 的状态是{status}：被替代的井须先报废",
    ),
    "renews-twice": ("{old} is replaced by {other} already", "{old} 已由 {other} 替代"),
    "renews-few": (
        "lies in the over-drawn area {region} and replaces {count:well|wells}: one new takes {least} retired",
        "位于超采区 {region}，只替代 {count} 眼井：每更新一眼须报废 {least} 眼",
    ),
    "minimum": (
        "{minimum} m³ are more than the {allowed} m³ that are allowed in a year",
        "保底水量 {minimum} 立方米大于年可开采量 {allowed} 立方米",
    ),
    "probe-intake": (
        "is an intake: a level probe hangs in a well; leave it empty",
        "是渠首取水口：水位计装在机井内，此处请留空",
    ),
    # meters
    "meter-moved": (
        "counts at {before}, and one serial number is one meter: close it there before it goes to {after}",
        "仍在 {before} 计量，一个编号只有一块表：请先在该处拆除登记，再登记到 {after}",
    ),
    "meter-earlier": (
        "was removed from {before} on {to_date} and cannot be at {after} from {from_date}",
        "{to_date} 才从 {before} 拆除，不能自 {from_date} 起装在 {after}",
    ),
    "meters-overlap": (
        "counts {quantity} at {site} from {from_date}, and {other} does so {until}: close that one first",
        "自 {from_date} 起在 {site} 计量{quantity}，而 {other} 也在计量（{until}）：请先拆除登记",
    ),
    "no-closing": (
        "was removed on {to_date}: its closing register is needed",
        "已于 {to_date} 拆除：须填终止底数",
    ),
    "no-opening": (
        "follows meter {other}: its register when installed is needed",
        "接替 {other}：须填起始底数",
    ),
    "closing-open": (
        "has a closing register but is not removed: say when it was",
        "已填终止底数但无拆除日期：请补填",
    ),
    "closing-below": (
        "{closing} is below {opening}, the register when installed; if it has rolled over, add its capacity",
        "{closing} 小于起始底数 {opening}；若表已翻转，请加上满量程",
    ),
    "due-first": (
        "is due on {due_date}, before it was verified on {verified_date}",
        "检定到期 {due_date} 早于检定日期 {verified_date}",
    ),
    "zero": ("must be more than zero", "必须大于零"),
    "coefficient-range": (
        "{value} lies outside its valid range {low} to {high}",
        "{value} 超出有效范围 {low} 至 {high}",
    ),
    # accounts
    "shares": (
        "the accounts of {site} share {percent} % of its right: at most 100",
        "{site} 各账户份额合计 {percent} %，不得超过 100 %",
    ),
    "account-number": (
        "{number} is no account: 1 to {most}; 0 is the well's own",
        "{number} 不是账户号：1 至 {most}；0 为机井自身",
    ),
    # years
    "round-name": (
        "{round} means the whole year or a month: give the round another name",
        "{round} 表示全年或月份：请为轮次另取名称",
    ),
    "round-outside": (
        "does not lie within the water year: from {first}, before {end}",
        "不在该水量年度内：自 {first} 起，{end} 之前",
    ),
    "rounds-overlap": ("shares days with round {other}", "与轮次 {other} 的日期重叠"),
    "period": (
        "{period} is no period of {year}: year, a month 01 to 12, or a round of that year",
        "{period} 不是 {year} 年的时段：year、月份 01 至 12 或该年的轮次",
    ),
    "plan-mixed": (
        "site {site} has months and rounds in {year}: one day would lie in two plans",
        "{site} 在 {year} 年既有月计划又有轮次计划：同一天会属于两个计划",
    ),
    "plan-sum": (
        "the parts of {site} in {year} add up to {parts} {unit}, more than its year of {whole} {unit}",
        "{site} {year} 年各时段合计 {parts} {unit}，超过全年的 {whole} {unit}",
    ),
    "energy-zero": (
        "0 kWh beside water: the well could not run; leave the cell empty where energy has no limit",
        "有水量而电量为 0：机井无法运行；不限电量时请留空",
    ),
    "no-line": (
        "states no depth: give one of the three lines at least",
        "未填任何埋深：三条控制线至少填一条",
    ),
    "line-order": (
        "{depth} m is not deeper than {above} m, the line of the stage before",
        "{depth} 米不深于前一级控制线的 {above} 米",
    ),
    "price-first": ("the first step begins at {percent} %, not at 0", "第一阶梯起点为 {percent} %，应为 0"),
    "price-from": (
        "step {step} does not begin above step {other}",
        "第 {step} 阶梯的起点不高于第 {other} 阶梯",
    ),
    "price-falls": ("step {step} costs less than step {other}", "第 {step} 阶梯的单价低于第 {other} 阶梯"),
}

# What a person should look at; it refuses nothing.
WARNINGS = {
    "binding-class": (
        "is {own} here, but the controller bound to it says {bound}",
        "此处为{own}，但所绑定控制器为 {bound}",
    ),
    "permit-expired": (
        "permit {permit} was good until {to_date} and site {site} is licensed by it",
        "许可证 {permit} 有效期至 {to_date}，而 {site} 仍凭此证为已许可",
    ),
    "permit-odd": ("has permit {permit}, but its status is {status}", "有许可证 {permit}，但状态为{status}"),
    "retired-meter": (
        "is retired, but meter {serial} is not closed",
        "已报废，但计量器具 {serial} 未拆除登记",
    ),
    "new-well": (
        "is a new farming well in the over-drawn area {region} and replaces none",
        "是超采区 {region} 内新增的农业井，且未替代旧井",
    ),
    "site-long": (
        "has {size:byte|bytes}: a controller can be bound to a site of at most {most}",
        "名称 {size} 字节：控制器绑定的站点名最多 {most} 字节",
    ),
    "no-multiplier": (
        "has no multiplier, so 1 is taken: a forgotten CT ratio makes every total wrong",
        "未填倍率，按 1 计：漏填互感器变比会使所有合计出错",
    ),
    "plan-below": (
        "the parts of {site} in {year} add up to {parts} {unit} of its {whole} {unit}: a grant opens no more",
        "{site} {year} 年各时段合计 {parts} {unit}，少于全年的 {whole} {unit}：授权只开放各时段水量",
    ),
    "energy-stays": (
        "stays at {energy} kWh, as it was beside {was} m³: say its energy, too",
        "仍为 {energy} 千瓦时，与原水量 {was} 立方米相同：请同时填写电量",
    ),
    "tested-late": (
        "was tested on {tested_date}, after it is valid from {from_date}",
        "测试日期 {tested_date} 晚于启用日期 {from_date}",
    ),
}

SENTENCES = CELLS | FAULTS | WARNINGS

# How a sort of cell is written, for templates.
SORTS = {
    "text": ("text, one line", "文字，一行"),
    "code": ("name without slash, at most 64 bytes", "名称，不含斜杠，最多 64 字节"),
    "date": ("day, such as 2026-10-01", "日期，如 2026-10-01"),
    "yes-no": ("yes or no", "是或否"),
    "choice": ("one of {words}", "可选：{words}"),
    "number": ("number, at most {places:decimal|decimals}", "数字，最多 {places} 位小数"),
    "whole": ("whole number", "整数"),
}
