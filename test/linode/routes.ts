import { type FakeImage, type FakeStackScript, timestamp } from "./account.ts";
import { newEvent, showEvent, showImage, showStackScript } from "./answers.ts";
import { instanceRoute } from "./instance-routes.ts";
import { type Asked, notFound, ok, type Reply, refuse } from "./reply.ts";
import { type Bed, check, paged } from "./route-parts.ts";
import { requestSchema } from "./validation.ts";

/** Answers a request below /v4. */
export async function route(bed: Bed, asked: Asked): Promise<Reply> {
	const parts = asked.path.split("/").filter(Boolean).map(decodeURIComponent);
	const [first, second, ...rest] = parts;
	if (first === "profile" && !second)
		return ok({ username: "tester", email: "tester@example.org" });
	if (first === "account" && second === "events")
		return eventRoute(bed, asked, rest[0]);
	if (first === "linode" && second === "instances")
		return instanceRoute(bed, asked, rest);
	if (first === "linode" && second === "stackscripts")
		return stackScriptRoute(bed, asked, rest[0]);
	if (first === "images") return imageRoute(bed, asked, second);
	return notFound();
}

function eventRoute(bed: Bed, asked: Asked, id: string | undefined): Reply {
	if (id === undefined) return paged(asked, bed.account.events, showEvent);
	const event = bed.account.events.find((one) => one.id === Number(id));
	return event ? ok(showEvent(event)) : notFound();
}

function stackScriptRoute(
	bed: Bed,
	asked: Asked,
	id: string | undefined,
): Reply {
	const { stackscripts } = bed.account;
	const { body, method } = asked;
	if (id === undefined && method === "GET")
		return paged(asked, stackscripts, showStackScript);
	const wrong =
		method === "GET"
			? undefined
			: check(
					requestSchema(
						method === "POST" ? "stackScriptSchema" : "updateStackScriptSchema",
					),
					body,
				);
	if (wrong) return wrong;
	if (typeof body.script === "string" && !body.script.startsWith("#!"))
		return refuse(400, "Script must begin with a shebang (#!).", "script");
	if (id === undefined) {
		const script: FakeStackScript = {
			description: "",
			rev_note: "",
			is_public: false,
			...(body as { label: string; script: string; images: string[] }),
			id: bed.account.nextId++,
		};
		stackscripts.push(script);
		return ok(showStackScript(script));
	}
	const script = stackscripts.find((one) => one.id === Number(id));
	if (!script) return notFound();
	Object.assign(script, body);
	return ok(showStackScript(script));
}

function imageRoute(bed: Bed, asked: Asked, id: string | undefined): Reply {
	const { images } = bed.account;
	if (id === "upload" && asked.method === "POST") return newUpload(bed, asked);
	if (id === undefined) return paged(asked, images, showImage);
	const image = images.find((one) => one.id === id);
	if (!image) return notFound();
	if (asked.method === "DELETE") {
		images.splice(images.indexOf(image), 1);
		return ok();
	}
	return ok(showImage(image));
}

function newUpload(bed: Bed, asked: Asked): Reply {
	const wrong = check(requestSchema("uploadImageSchema"), asked.body);
	if (wrong) return wrong;
	const { account, clock } = bed;
	const number = account.nextId++;
	const image: FakeImage = {
		id: `private/${number}`,
		label: String(asked.body.label),
		description: String(asked.body.description ?? ""),
		region: String(asked.body.region),
		status: "pending_upload",
		is_public: false,
		size: 0,
		created: timestamp(clock.now()),
		ticket: `ticket-${number}`,
	};
	account.images.push(image);
	newEvent(account, clock.now(), {
		action: "image_upload",
		status: "scheduled",
		entity: {
			id: image.id,
			type: "image",
			label: image.label,
			url: `/v4/images/${image.id}`,
		},
	});
	// Nobody uploads: the provider clears it away after a day.
	clock.after(24 * 3600 * 1000, () => {
		if (image.status === "pending_upload") {
			const index = account.images.indexOf(image);
			if (index >= 0) account.images.splice(index, 1);
		}
	});
	return ok({
		image: showImage(image),
		upload_to: `${bed.uploadUrl()}${image.ticket}`,
	});
}
