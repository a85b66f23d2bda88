"""What is said about a commissioning file that cannot be used, in both languages; part of wording.py."""

TEXTS = {
    "en": {
        "commissioning-large": "{file} is {size} bytes; a commissioning file has at most {most}.",
        "commissioning-cut": "{file} ends too early, at line {line}: half a file? Take the copy on the "
        "technician's laptop.",
        "commissioning-json": "{file}, line {line}, column {column}: {why}.",
        "commissioning-shape": "{file} is no commissioning file: {why}.",
        "commissioning-version": "{file} is version {version} of a commissioning file, this tool knows "
        "{ours}: use a newer tool.",
        "commissioning-faults": "{file}: {count} faults.",
        "commissioning-unsigned": "{file} bears no signature: the technician finishes and signs it first.",
        "report-package": "the report on paper needs {name}: pip install 'karez[tech]'.",
        "photo-unreadable": "{file} cannot be read: {why}",
        "report-language": "--lang is one of en, zh, both.",
    },
    "zh": {
        "commissioning-large": "{file} 有 {size} 字节；调试文件最多 {most} 字节。",
        "commissioning-cut": "{file} 在第 {line} 行过早结束：文件只写了一半？请取技术员电脑上的原件。",
        "commissioning-json": "{file} 第 {line} 行第 {column} 列：{why}。",
        "commissioning-shape": "{file} 不是调试文件：{why}。",
        "commissioning-version": "{file} 是第 {version} 版调试文件，本工具只认第 {ours} 版。"
        "请使用较新的工具。",
        "commissioning-faults": "{file}：{count} 处错误。",
        "commissioning-unsigned": "{file} 没有签名：须先由技术员完成并签名。",
        "report-package": "打印报告需要 {name}：pip install 'karez[tech]'。",
        "photo-unreadable": "无法读取 {file}：{why}",
        "report-language": "--lang 只能是 en、zh 或 both。",
    },
}

FAULTS = {
    "en": {
        "text-characters": "{value} has more than {most} characters",
        "text-unprintable": "{value} begins or ends with a blank, or holds what cannot be printed",
        "no-word": "{value} is none of {known}",
        "no-hex": "{value} is not {digits} hexadecimal digits in lower case",
        "ends-before": "is before it began ({begun})",
        "no-name": "the site has a name in at least one language",
        "half-place": "latitude and longitude are both known, or neither",
        "name-not-key": "{value} does not follow from the controller's key",
        "pulse-or-line": "a meter has pulse_milli, or profile, line, address and baud, and not both",
        "has-folder": "{value} names a folder; the photo lies beside the file",
        "not-of-kind": "does not fit a {kind}",
        "same-box": "the box taken away is the one that stands there",
        "no-such-meter": "no {value} meter stands under meters",
        "opening-differs": "differs from the new meter's dial_start ({dial})",
        "neither-done": "neither done nor skipped with a reason",
        "reckoned-otherwise": "says {value}, the readings give {reckoned}",
        "changed": "does not fit its digest: changed since it was written, or badly copied",
        "written-otherwise": "is not as the tool writes it: changed since it was written",
        "signature-wrong": "does not fit the file and the key",
        "signature-other": "is another's than the technician's of the file",
    },
    "zh": {
        "text-characters": "{value} 超过 {most} 个字符",
        "text-unprintable": "{value} 首尾有空格，或含有无法打印的字符",
        "no-word": "{value} 不是 {known} 之一",
        "no-hex": "{value} 不是 {digits} 位小写十六进制数字",
        "ends-before": "早于开始时间（{begun}）",
        "no-name": "取水口至少须有一种语言的名称",
        "half-place": "经度和纬度须同时填写，或都不填",
        "name-not-key": "{value} 与控制器的公钥不符",
        "pulse-or-line": "仪表只能有 pulse_milli，或者有 profile、line、address 和 baud，不能兼有",
        "has-folder": "{value} 含有文件夹；照片应与文件放在一起",
        "not-of-kind": "与 {kind} 不符",
        "same-box": "拆下的控制器就是现场的控制器",
        "no-such-meter": "meters 中没有 {value} 表",
        "opening-differs": "与新表的 dial_start（{dial}）不同",
        "neither-done": "既没有执行，也没有说明跳过的原因",
        "reckoned-otherwise": "写的是 {value}，按读数应为 {reckoned}",
        "changed": "与其摘要不符：写成后被更改，或复制有误",
        "written-otherwise": "与工具写出的不同：写成后被更改",
        "signature-wrong": "与文件和公钥不符",
        "signature-other": "不是文件中技术员的签名",
    },
}

PAGE = {
    "en": {
        "report-made": "{file}: {size} bytes",
        "photo-missing": "the photo {file} does not lie beside the file: keep it with it",
        "photo-differs": "{file} is another photo than the one that was taken then",
        "report-glyphs": "the PDF's font lacks these characters, 〓 stands for each: {marks}. "
        "The HTML page has them.",
    },
    "zh": {
        "report-made": "{file}：{size} 字节",
        "photo-missing": "照片 {file} 不在文件旁：请一并保存",
        "photo-differs": "{file} 不是当时所拍的照片",
        "report-glyphs": "PDF 字体没有下列字符，以 〓 代替：{marks}。HTML 网页中有这些字符。",
    },
}
