// The behaviour of the page of `dock0 ui`. What comes from the server goes in as text, or as the server's own page.

/** What is used of the events of a build (docs/json-events.md) and of a deploy, and of the record around them. */
interface RunEvent {
	type: string;
	steps?: { name: string; title: string; cached: boolean }[];
	step?: string;
	title?: string;
	line?: string;
	seconds?: number;
	message?: string;
	text?: string;
	ok?: boolean;
	at?: string;
}

/** The most lines that are kept: a browser gets slow with more. */
const mostLines = 5000;

const hostPath = `/hosts/${encodeURIComponent(document.body.dataset.host ?? "")}`;

function find<Kind extends HTMLElement>(
	selector: string,
	type: new () => Kind,
): Kind {
	const found = document.querySelector(selector);
	if (found instanceof type) return found;
	throw new Error(`the page has no ${selector}`);
}

const lines = find("#lines", HTMLElement);
const steps = find("#steps", HTMLElement);
const logState = find("#log-state", HTMLElement);
const toast = find("#toast", HTMLElement);

// What changes is replaced by the server's own later page.

let shown = "";

async function refresh(): Promise<void> {
	const answer = await fetch(hostPath).catch(() => undefined);
	if (!answer?.ok) {
		document.body.classList.add("lost");
		return;
	}
	document.body.classList.remove("lost");
	const next = new DOMParser().parseFromString(
		await answer.text(),
		"text/html",
	);
	const fresh = next.querySelector("#state");
	const old = document.querySelector("#state");
	if (!fresh || !old || fresh.innerHTML === shown) return;
	const focus = markOf(document.activeElement);
	shown = fresh.innerHTML;
	old.replaceWith(document.adoptNode(fresh));
	localTimes();
	if (focus) document.querySelector<HTMLElement>(focus)?.focus();
}

/** A selector that finds an element again after it was replaced. */
function markOf(element: Element | null): string | undefined {
	if (!(element instanceof HTMLElement) || !element.closest("#state")) return;
	const { act, release } = element.dataset;
	const row = release ? `[data-release="${release}"]` : "";
	return act ? `[data-act="${act}"]${row}` : row ? `tr${row}` : undefined;
}

function localTimes(): void {
	const walker = document.createTreeWalker(
		find("#state", HTMLElement),
		NodeFilter.SHOW_TEXT,
	);
	const pattern = /(\d{4}-\d\d-\d\d) (\d\d:\d\d) UTC/g;
	for (let node = walker.nextNode(); node; node = walker.nextNode())
		node.textContent = (node.textContent ?? "").replace(
			pattern,
			(_, day: string, time: string) =>
				new Date(`${day}T${time}:00Z`).toLocaleString(undefined, {
					dateStyle: "medium",
					timeStyle: "short",
				}),
		);
}

// Buttons.

async function ask(
	action: string,
	release?: string,
): Promise<{
	text?: string;
	problem?: string;
	facts?: Record<string, string>;
}> {
	const answer = await fetch(`${hostPath}/${action}`, {
		method: "POST",
		headers: {
			"content-type": "application/json",
			"x-dock0-token": find('meta[name="dock0-token"]', HTMLMetaElement)
				.content,
		},
		body: JSON.stringify(release ? { release } : {}),
	}).catch(() => undefined);
	if (!answer) return { problem: "dock0 ui does not answer any more." };
	const body = await answer.text();
	return answer.headers.get("content-type") === "application/json"
		? JSON.parse(body)
		: { problem: body };
}

function say(text: string): void {
	toast.textContent = text;
	toast.classList.add("shown");
	setTimeout(() => toast.classList.remove("shown"), 6000);
}

const questions: Record<string, (name: string) => [string, string, string]> = {
	use: (name) => [
		`Roll back to ${name}?`,
		"It becomes the current release: dock0 boot, disk and deploy take it from then on. The present one is kept, and can be chosen again. Machines that run are left alone.",
		"Roll back",
	],
	rollback: (name) => [
		`Bring the bundle before back on ${name}?`,
		"The running host changes to it at once: users, firewall, containers and whatever else differs.",
		"Bring it back",
	],
};

function confirmed(action: string, name: string): Promise<boolean> {
	const question = questions[action]?.(name);
	if (!question) return Promise.resolve(true);
	const dialog = find("#confirm", HTMLDialogElement);
	const [title, text, yes] = question;
	find("#confirm-title", HTMLElement).textContent = title;
	find("#confirm-text", HTMLElement).textContent = text;
	find("#confirm-yes", HTMLElement).textContent = yes;
	dialog.returnValue = "no";
	dialog.showModal();
	return new Promise((resolve) => {
		dialog.addEventListener(
			"close",
			() => resolve(dialog.returnValue === "yes"),
			{ once: true },
		);
	});
}

function showFacts(title: string, content: Node): void {
	find("#facts-title", HTMLElement).textContent = title;
	find("#facts-text", HTMLElement).replaceChildren(content);
	find("#facts", HTMLDialogElement).showModal();
}

function asText(text: string): HTMLElement {
	const element = document.createElement("pre");
	element.className = "problem";
	element.textContent = text;
	return element;
}

async function act(button: HTMLElement): Promise<void> {
	const { act: action = "", release, name = "" } = button.dataset;
	if (!(await confirmed(action, name))) return;
	button.setAttribute("aria-busy", "true");
	const { text, problem, facts } = await ask(action, release);
	button.removeAttribute("aria-busy");
	if (problem) showFacts("That did not work", asText(problem));
	else if (facts) {
		const list = document.createElement("dl");
		for (const [key, value] of Object.entries(facts)) {
			const term = document.createElement("dt");
			const words = document.createElement("dd");
			term.textContent = key;
			words.textContent = value || "–";
			list.append(term, words);
		}
		showFacts("The running host", list);
	} else if (text) say(text);
	if (action === "build") follow("build");
	await refresh();
}

document.addEventListener("click", (event) => {
	const target = event.target instanceof Element ? event.target : undefined;
	const button = target?.closest<HTMLElement>("[data-act]");
	if (button && !button.hasAttribute("disabled")) void act(button);
	const kind = target?.closest<HTMLElement>("[data-log]")?.dataset.log;
	if (kind) follow(kind);
});

document.addEventListener("keydown", (event) => {
	const focused = document.activeElement;
	const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
	const group = focused?.closest("tbody") ?? focused?.closest("aside nav");
	if (step && group) {
		const items = [...group.querySelectorAll<HTMLElement>("tr, a")].filter(
			(item) => item.matches("tbody tr, nav a"),
		);
		const here = items.findIndex((item) => item.contains(focused));
		items[Math.max(0, Math.min(items.length - 1, here + step))]?.focus();
		event.preventDefault();
	}
	if (event.key === "Enter" && focused instanceof HTMLTableRowElement)
		focused.querySelector<HTMLAnchorElement>("a")?.click();
});

// The log: of a run that is under way wherever it was begun, or of the last one.

let source: EventSource | undefined;

function follow(kind: string): void {
	for (const button of document.querySelectorAll<HTMLElement>("[data-log]"))
		button.setAttribute("aria-pressed", String(button.dataset.log === kind));
	source?.close();
	clear();
	source = new EventSource(`${hostPath}/log/${kind}`);
	source.addEventListener("reset", clear);
	source.addEventListener("message", ({ data }) =>
		take(JSON.parse(String(data)) as RunEvent),
	);
}

function clear(): void {
	lines.replaceChildren();
	steps.replaceChildren();
	setState("no run yet", "soft");
}

function setState(text: string, kind: string): void {
	logState.textContent = text;
	logState.className = `badge ${kind}`;
}

function add(text: string, kind = ""): void {
	const isAtEnd =
		lines.scrollHeight - lines.scrollTop - lines.clientHeight < 40;
	const line = document.createElement("span");
	line.className = kind;
	line.textContent = `${text}\n`;
	lines.append(line);
	while (lines.childElementCount > mostLines) lines.firstChild?.remove();
	if (isAtEnd) lines.scrollTop = lines.scrollHeight;
}

/** @returns whether the step is listed; without `state` nothing else happens. */
function markStep(name: string, state?: string, note = ""): boolean {
	const item = [...steps.children].find(
		(one) => one instanceof HTMLElement && one.dataset.step === name,
	);
	if (!(item instanceof HTMLElement)) return false;
	if (state === undefined) return true;
	item.className = state;
	const small = item.querySelector("small");
	if (small) small.textContent = note;
	return true;
}

function take(event: RunEvent): void {
	const { type, step = "", seconds = 0 } = event;
	const title = event.title ?? step;
	const took = `${seconds.toFixed(1)} s`;
	switch (type) {
		case "begin":
			setState("running", "warn");
			add(`begun ${new Date(event.at ?? "").toLocaleString()}`, "soft");
			break;
		case "end":
			setState(event.ok ? "done" : "failed", event.ok ? "good" : "bad");
			add(
				event.ok ? "done" : (event.message ?? "failed"),
				event.ok ? "good" : "bad",
			);
			void refresh();
			break;
		case "plan":
			// A command of several runs plans each of them, and what they share is in each plan.
			for (const { name, cached } of event.steps ?? []) {
				if (markStep(name, cached ? undefined : "waiting")) continue;
				const item = document.createElement("li");
				item.dataset.step = name;
				item.className = cached ? "cached" : "waiting";
				item.append(name, document.createElement("small"));
				steps.append(item);
			}
			void refresh();
			break;
		case "step:start":
			markStep(step, "running");
			add(`▸ ${title}`, "start");
			break;
		case "step:log":
			add(`  ${event.line ?? ""}`);
			break;
		case "step:done":
			markStep(step, "done", took);
			add(`✓ ${title}, ${took}`, "good");
			break;
		case "step:failed":
			markStep(step, "failed", took);
			add(`✗ ${title}, ${took}`, "bad");
			break;
		case "step:pulled":
			markStep(step, "cached", "pulled");
			break;
		case "warning":
			add(event.message ?? "", "warn");
			break;
		default:
			if (event.text) add(event.text);
	}
}

shown = find("#state", HTMLElement).innerHTML;
localTimes();
follow("build");
setInterval(() => {
	if (!document.hidden) void refresh();
}, 4000);
