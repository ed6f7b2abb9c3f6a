/**
 * A value of a systemd unit that is taken as it is: `%` begins a specifier (systemd.unit(5)), and a
 * backslash at a line's end would join the next line.
 */
export function unitText(text: string): string {
	return text
		.replaceAll("%", "%%")
		.replaceAll("\\", "\\\\")
		.replaceAll(/[\r\n]+/g, " ");
}

/** A file name of a systemd unit made from free text: systemd-escape(1). */
export function unitName(text: string): string {
	return [...new TextEncoder().encode(text)]
		.map((byte, index) => {
			const character = String.fromCharCode(byte);
			if (character === "/") return "-";
			if (/[A-Za-z0-9:_]/.test(character) || (character === "." && index > 0))
				return character;
			return `\\x${byte.toString(16).padStart(2, "0")}`;
		})
		.join("");
}
