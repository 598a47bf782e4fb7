/** From a rendering document to the text that upstream's controller would have sent (docs/contract/rendering.md). */
import type { RenderingDocument } from "./document/types.ts";
import { renderMarkedText, renderText } from "./engine.ts";
import { type ExplainedLine, parseMarks } from "./explain.ts";
import { haproxyView } from "./haproxy/haproxy-view.ts";
import { lvsView } from "./keepalived/lvs-view.ts";
import { vrrpView } from "./keepalived/vrrp-view.ts";

/**
 * @returns the text, byte for byte as upstream's templates have it
 * @throws DocumentError when the document does not describe what is to be rendered, or a value cannot be printed
 */
export async function renderDocument(document: RenderingDocument): Promise<string> {
  return renderText(document.kind, viewOf(document));
}

/**
 * The same text, line by line, with the part of the document that each line comes from.
 * @throws DocumentError as {@link renderDocument}
 */
export async function explainDocument(document: RenderingDocument): Promise<readonly ExplainedLine[]> {
  return parseMarks(await renderMarkedText(document.kind, viewOf(document)));
}

function viewOf(document: RenderingDocument): object {
  switch (document.kind) {
    case "haproxy":
      return haproxyView(document);
    case "keepalived-lvs":
      return lvsView(document);
    case "keepalived-vrrp":
      return vrrpView(document);
  }
}
