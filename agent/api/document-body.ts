/** Uploads that carry a rendering document in place of configuration text (docs/rendering.md). */
import { setImmediate as nextTurn } from "node:timers/promises";
import type { DocumentKind } from "../render/document/types.ts";

/** What the route says of the document: its kind, and the ids in the path. */
export interface ExpectedDocument {
  readonly kind: DocumentKind;
  readonly loadBalancerId?: string;
  readonly listenerId?: string;
}

/** Only this type: whatever else a client calls its body, it is text, as it is to upstream's agent. */
const DOCUMENT_MEDIA_TYPE = /^application\/json\s*(?:;|$)/i;

export function isDocument(contentType: string | undefined): boolean {
  return DOCUMENT_MEDIA_TYPE.test(contentType ?? "");
}

/**
 * @returns the text that a controller would have sent
 * @throws AgentError `invalidInput` that says where the document is wrong, what was expected and what was found
 */
export async function renderBody(bytes: Buffer, expected: ExpectedDocument): Promise<Buffer> {
  // Loaded with the first document: most controllers never send one.
  const [{ parseDocument }, { renderDocument }, { refuse }] = await Promise.all([
    import("../render/document/parse-document.ts"),
    import("../render/documents.ts"),
    import("../render/document/problem.ts"),
  ]);
  const document = parseDocument(bytes);
  const { kind, listener_id, loadbalancer } = document;
  if (kind !== expected.kind) throw refuse("$.kind", expected.kind, kind);
  const { loadBalancerId = loadbalancer.loadbalancer_id, listenerId = listener_id } = expected;
  if (loadbalancer.loadbalancer_id !== loadBalancerId) {
    throw refuse(
      "$.loadbalancer.loadbalancer_id",
      `${loadBalancerId}, as in the path`,
      loadbalancer.loadbalancer_id,
    );
  }
  if (listener_id !== listenerId) throw refuse("$.listener_id", `${listenerId}, as in the path`, listener_id);
  // 5,000 members take 35 ms to check and 130 ms to render: whoever waits has a turn in between.
  await nextTurn();
  return Buffer.from(await renderDocument(document));
}
