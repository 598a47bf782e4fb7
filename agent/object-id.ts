/** Ids that come from a URL and end up in paths, unit names and scripts: what they may look like. */

declare const brand: unique symbol;
/** Id of a load balancer or of a listener, checked to be safe as a part of a file or unit name. */
export type ObjectId = string & { readonly [brand]: "ObjectId" };

/** A letter or digit first, so that no id is hidden, an option of a program, or a step up in a path. */
const OBJECT_ID = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/;
/** Directories beside those of load balancers: an object of such a name would share, and delete, their content. */
const RESERVED = new Set(["certs", "lvs", "vrrp"]);

/**
 * Controllers send UUIDs. Any single word is accepted, so that ids of other tools and of tests work, but
 * nothing that means something to a path, a shell or systemd (docs/contract/rest-api.md, section 7, rows 2 to 4).
 * @returns undefined when `text` is no such id
 */
export function parseObjectId(text: string): ObjectId | undefined {
  return OBJECT_ID.test(text) && !RESERVED.has(text) ? (text as ObjectId) : undefined;
}
