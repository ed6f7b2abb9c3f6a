# Flattens a document to lines PATH, tab, VALUE, such as "ethernets.eth0.addresses.0<tab>192.0.2.10/24".
# Understands JSON and the part of YAML that cloud-init's documents are written in: maps and lists in blocks
# or in brackets, plain and quoted values. Text blocks (| and >) are skipped; what else there is (anchors,
# tags, values over several lines) ends it with a message and status 1.

function fail(why) {
	print "line " NR ": " why > "/dev/stderr"
	failed = 1
	exit 1
}

# The position after the quoted text that begins at `from`; 0 when it does not end.
function end_of_quote(text, from,    quote, at, c) {
	quote = substr(text, from, 1)
	for (at = from + 1; at <= length(text); at++) {
		c = substr(text, at, 1)
		if (c == "\\" && quote == "\"") at++
		else if (c == quote) {
			if (quote == "\047" && substr(text, at + 1, 1) == quote) at++
			else return at + 1
		}
	}
	return 0
}

# Of quoted text, without its quotes. YAML and JSON share these escapes.
function unquote(text,    inner, result, at, c, code) {
	inner = substr(text, 2, length(text) - 2)
	if (substr(text, 1, 1) == "\047") {
		gsub(/\047\047/, "\047", inner)
		return inner
	}
	for (at = 1; at <= length(inner); at++) {
		c = substr(inner, at, 1)
		if (c != "\\") {
			result = result c
			continue
		}
		c = substr(inner, ++at, 1)
		if (c == "n" || c == "t" || c == "r") c = " "
		else if (c == "u") {
			code = hex(substr(inner, at + 1, 4))
			if (code < 32 || code > 126) fail("character \\u" substr(inner, at + 1, 4) " is not understood")
			c = sprintf("%c", code)
			at += 4
		} else if (c !~ /["\\\/]/) fail("escape \\" c " is not understood")
		result = result c
	}
	return result
}

function hex(digits,    at, value) {
	for (at = 1; at <= length(digits); at++)
		value = value * 16 + index("0123456789abcdef", tolower(substr(digits, at, 1))) - 1
	return value
}

function trim(text) {
	gsub(/^[ \t]+|[ \t]+$/, "", text)
	return text
}

# Without the comment at its end, which begins after a space and outside of quotes.
function uncomment(text,    at, c, after) {
	for (at = 1; at <= length(text); at++) {
		c = substr(text, at, 1)
		if (c == "#" && (at == 1 || substr(text, at - 1, 1) ~ /[ \t]/)) return substr(text, 1, at - 1)
		# a quote inside of a word is an apostrophe
		if (c ~ /["\047]/ && (at == 1 || substr(text, at - 1, 1) ~ /[ \t\[{,:]/)) {
			after = end_of_quote(text, at)
			if (!after) return text
			at = after - 1
		}
	}
	return text
}

# How many brackets of a text are still open.
function open_brackets(text,    at, c, depth, after) {
	if (text !~ /^[ ]*(- +)*([^ "\047\[{][^:]*: +|"[^"]*" *: *)?[\[{]/) return 0
	for (at = 1; at <= length(text); at++) {
		c = substr(text, at, 1)
		if (c ~ /["\047]/ && (at == 1 || substr(text, at - 1, 1) ~ /[ \t\[{,:]/)) {
			after = end_of_quote(text, at)
			if (!after) return 0
			at = after - 1
		} else if (c ~ /[\[{]/) depth++
		else if (c ~ /[]}]/) depth--
	}
	return depth
}

function join(path, key) {
	return path == "" ? key : path "." key
}

function emit(path, value) {
	value = trim(value)
	if (value ~ /^[\[{]/) {
		flow = value
		place = 1
		flow_value(path)
		skip_spaces()
		if (place <= length(flow)) fail("what comes after the bracket is not understood")
		return
	}
	if (value ~ /^[&*!%@`]/) fail("\"" value "\" is not understood")
	if (value ~ /^["\047]/) {
		if (end_of_quote(value, 1) != length(value) + 1) fail("the quotes of " value " are not understood")
		print path "\t" unquote(value)
		return
	}
	if (value !~ /^(null|~|)$/) print path "\t" value
}

function skip_spaces() {
	while (substr(flow, place, 1) ~ /[ \t]/ && place <= length(flow)) place++
}

# A word or quoted text up to one of the marks.
function flow_word(marks,    from, after) {
	skip_spaces()
	from = place
	if (substr(flow, place, 1) ~ /["\047]/) {
		after = end_of_quote(flow, place)
		if (!after) fail("a quote is not closed")
		place = after
		return unquote(substr(flow, from, after - from))
	}
	while (place <= length(flow) && index(marks, substr(flow, place, 1)) == 0) {
		# a colon inside of a word, as addresses have it
		if (substr(flow, place, 1) == ":" && substr(flow, place + 1, 1) ~ /[ \t]/) break
		place++
	}
	return trim(substr(flow, from, place - from))
}

function flow_value(path,    c, count, key, quoted, word) {
	skip_spaces()
	c = substr(flow, place, 1)
	if (c == "[") {
		place++
		for (skip_spaces(); substr(flow, place, 1) != "]"; skip_spaces()) {
			flow_value(join(path, count++ + 0))
			skip_spaces()
			if (substr(flow, place, 1) == ",") place++
			else if (substr(flow, place, 1) != "]") fail("a list in brackets is not closed")
		}
		place++
	} else if (c == "{") {
		place++
		for (skip_spaces(); substr(flow, place, 1) != "}"; skip_spaces()) {
			key = flow_word(",}")
			skip_spaces()
			if (substr(flow, place, 1) != ":") fail("a map in brackets has a key without a value")
			place++
			flow_value(join(path, key))
			skip_spaces()
			if (substr(flow, place, 1) == ",") place++
			else if (substr(flow, place, 1) != "}") fail("a map in brackets is not closed")
		}
		place++
	} else {
		quoted = c ~ /["\047]/
		word = flow_word(",]}")
		if (quoted || word !~ /^(null|~|)$/) print path "\t" word
	}
}

# The blocks that are open: columns[], paths[], and for lists counts[] (-1 for a map).
function open_block(column, count) {
	if (pending == "\001") fail("this indentation is not understood")
	columns[++depth] = column
	paths[depth] = pending
	counts[depth] = count
}

function line(text, column,    after, key, rest) {
	while (depth && columns[depth] > column) depth--
	if (text == "-" || text ~ /^- /) {
		if (!depth || columns[depth] < column || counts[depth] < 0) {
			# a list may stand in the column of its key
			if (depth && columns[depth] == column && pending == "\001") fail("a list among keys")
			open_block(column, 0)
		} else counts[depth]++
		pending = join(paths[depth], counts[depth])
		after = 2
		while (substr(text, after, 1) == " ") after++
		rest = substr(text, after)
		if (rest == "") return
		if (rest == "-" || rest ~ /^- / || key_length(rest)) line(rest, column + after - 1)
		else value_of(pending, rest, column)
		return
	}
	after = key_length(text)
	if (!after) {
		# a document that is one value
		if (!depth && !seen && text ~ /^[\[{]/) {
			emit("", text)
			seen = 1
			pending = "\001"
			return
		}
		fail("\"" text "\" is not understood")
	}
	if (depth && columns[depth] == column && counts[depth] >= 0) depth--
	if (!depth || columns[depth] < column) open_block(column, -1)
	key = trim(substr(text, 1, after - 1))
	if (key ~ /^["\047]/) key = unquote(key)
	rest = trim(substr(text, after + 1))
	pending = join(paths[depth], key)
	seen = 1
	if (rest != "") value_of(pending, rest, column)
}

function value_of(path, text, column) {
	pending = "\001"
	if (text ~ /^[|>][-+0-9]*$/) block_column = column
	else emit(path, text)
}

# Where the colon of a key stands; 0 when the text does not begin with one.
function key_length(text,    after) {
	if (text ~ /^["\047]/) {
		after = end_of_quote(text, 1)
		if (!after) return 0
		while (substr(text, after, 1) == " ") after++
		return substr(text, after) ~ /^:( |$)/ ? after : 0
	}
	if (text ~ /^[\[{&*!]/) return 0
	if (match(text, /:( |$)/)) return RSTART
	return 0
}

BEGIN {
	block_column = -1
	pending = ""
}
{
	sub(/\r$/, "")
	if (carried != "") {
		carried = carried " " trim(uncomment($0))
		if (open_brackets(carried) > 0) next
		$0 = carried
		carried = ""
	}
	match($0, /^ */)
	column = RLENGTH
	if (block_column >= 0) {
		if (trim($0) == "" || column > block_column) next
		block_column = -1
	}
	text = trim(uncomment(substr($0, column + 1)))
	if (text == "" || text == "---" || text == "...") next
	if (substr($0, column + 1, 1) == "\t") fail("a tab at the beginning of a line")
	if (open_brackets(text) > 0) {
		carried = sprintf("%" column "s", "") text
		next
	}
	line(text, column)
}
END {
	if (!failed && carried != "") fail("a bracket is not closed")
}
