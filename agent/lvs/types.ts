/** The words of the LVS domain: one UDP or SCTP listener is one keepalived process. */
import type { ObjectId } from "../object-id.ts";

export type LvsListenerId = ObjectId;
