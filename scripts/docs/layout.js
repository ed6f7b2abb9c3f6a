/** Text for an element or an attribute in double quotes. */
export function escapeHtml(text) {
	return text
		.replaceAll("&", "&amp;")
		.replaceAll("<", "&lt;")
		.replaceAll(">", "&gt;")
		.replaceAll('"', "&quot;");
}

/**
 * A page of the site.
 * @param up leads to the site's top folder: "" or "../" as often as needed.
 */
export function layout({ file, title, html, headings, navigation, up }) {
	const onPage = headings.filter(({ depth }) => depth === 2);
	const links = navigation
		.map(
			(part) =>
				`${part.title ? `<h2>${part.title}</h2>` : ""}<ul>${part.pages.map((page) => `<li><a href="${up}${page.file}"${page.file === file ? ' aria-current="page"' : ""}>${page.title}</a></li>`).join("")}</ul>`,
		)
		.join("\n");
	return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title === "dock0" ? "dock0" : `${title} · dock0`}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="${up}site.css">
<script src="${up}search-index.js" defer></script>
<script src="${up}site.js" defer></script>
</head>
<body data-up="${up}">
<a class="skip" href="#content">Skip to the page</a>
<header class="bar"><a class="brand" href="${up}index.html">dock0</a><label class="search"><span class="hidden">Search</span><input type="search" id="search" placeholder="Search  ( / )" autocomplete="off" aria-controls="results"></label><button type="button" id="menu" aria-expanded="false" aria-controls="pages">Pages</button></header>
<div id="results" role="region" aria-label="What was found" hidden></div>
<div class="frame">
<nav id="pages" aria-label="Pages">
${links}
</nav>
<main id="content" tabindex="-1">
${html}
</main>
${onPage.length > 2 ? `<nav class="toc" aria-label="On this page"><h2>On this page</h2><ul>${onPage.map(({ id, text }) => `<li><a href="#${escapeHtml(id)}">${text}</a></li>`).join("")}</ul></nav>` : "<span></span>"}
</div>
</body>
</html>
`;
}
