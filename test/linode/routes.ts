import { type FakeImage, timestamp } from "./account.ts";
import { newEvent, showEvent, showImage } from "./answers.ts";
import { instanceRoute } from "./instance-routes.ts";
import { type Asked, notFound, ok, type Reply } from "./reply.ts";
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
	if (first === "images") return imageRoute(bed, asked, second);
	return notFound();
}

function eventRoute(bed: Bed, asked: Asked, id: string | undefined): Reply {
	if (id === undefined) return paged(asked, bed.account.events, showEvent);
	const event = bed.account.events.find((one) => one.id === Number(id));
	return event ? ok(showEvent(event)) : notFound();
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
