// What the member may do beyond what everybody may: told with the session, from the server's own table.
import type { Deed } from "../gen/wire";
import { useSession } from "./session";

/** Why a page does not offer it. A deed that the server knows and this page does not is a fault of types. */
const REFUSALS: Readonly<Record<Deed, string>> = {
  change_others_templates: "Only owners, managers and who made it may change this template. Save a copy to make it yours.",
  change_fields: "Only owners and managers may add, rename or remove these.",
  change_settings: "Only owners and managers may change this.",
  read_audit: "Only owners and managers may read this.",
  connect_programs: "Only owners and managers may connect other programs. Ask one of them.",
  give_numbers: "Only owners and managers may give numbers to members.",
  hand_over_sending: "Only owners may let another server send.",
};

/** Null where the member may do it, else the sentence that says who may. */
export function useRefusal(deed: Deed): string | null {
  return useSession().may.includes(deed) ? null : REFUSALS[deed];
}
