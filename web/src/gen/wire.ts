// Made by tools/gen_types.py from server/ws/protocol.py, server/ports/campaigns.py and server/domain/roles.py. Do not edit.

/** A command took effect; the same `cmd_id` always gets the same ack. */
export interface Ack {
  t: "ack";
  cmd_id: string;
  data: Record<string, unknown>;
}

export interface ActivityEvent {
  kind: "activity";
  activity: ActivityOut;
}

/** What a member did with the thread; `by` null: it came by itself. Names are those of that time. `to`: whom it was assigned to, or from whom it was taken over. `until`: for how long it was snoozed. */
export interface ActivityOut {
  seq: number;
  what: "assigned" | "unassigned" | "closed" | "reopened" | "snoozed" | "woken" | "taken_over";
  at: string;
  by: number | null;
  by_name: string | null;
  to: number | null;
  to_name: string | null;
  until: string | null;
}

/** The number of threads with something unread for this member. */
export interface BadgeOut {
  unread_threads: number;
}

/** A text to many, with the sums of its recipients, all of one moment. `audience` = `excluded` + `pending` + `in_flight` + `wired` + `rejected` + `unconfirmed` + `skipped`. Of the wired, `delivered` arrived and `undelivered` did not; of the others the carrier has not told. `body` is the template. */
export interface BulkOut {
  id: number;
  name: string;
  state: "draft" | "scheduled" | "active" | "paused" | "completed" | "cancelled";
  body: string;
  author: string | null;
  launched_at: string;
  ended_at: string | null;
  audience: number;
  excluded: number;
  pending: number;
  in_flight: number;
  wired: number;
  delivered: number;
  undelivered: number;
  rejected: number;
  unconfirmed: number;
  skipped: number;
  segments: number;
}

/** Of one moment: `audience` is the sum of `excluded` to `skipped`; `replied` to `clicked` are people. `delivered` and `undelivered` are among the wired, whose `segments` are counted. */
export interface CampaignFiguresOut {
  audience: number;
  excluded: number;
  pending: number;
  in_flight: number;
  wired: number;
  rejected: number;
  unconfirmed: number;
  skipped: number;
  delivered: number;
  undelivered: number;
  replied: number;
  opted_out: number;
  clicked: number;
  segments: number;
}

/** A campaign as its list shows it. `told`: its state in words. `version` rises with every change by a person. `built` of its recipients are written, and no text leaves before the snapshot is `whole`; `to_look_at`: of how many, roughly, while a large one is being written, since people come and go meanwhile. `moved_at`: when its figures moved last. `refused`: why its last launch came to nothing. A `template` is there to be duplicated. `click_through`: the share of those who got the text that followed a link; null without links. */
export interface CampaignOut {
  id: number;
  name: string;
  description: string;
  state: "draft" | "scheduled" | "active" | "paused" | "completed" | "cancelled";
  told: string;
  version: number;
  template: boolean;
  author: string | null;
  created_at: string;
  launched_at: string | null;
  ended_at: string | null;
  archived_at: string | null;
  moved_at: string;
  due_at: string | null;
  next_batch_at: string | null;
  paused_why: "member" | "failures" | "opt_outs" | "missed" | null;
  refused: string | null;
  built: number;
  to_look_at: number | null;
  whole: boolean;
  figures: CampaignFiguresOut;
  click_through: number | null;
}

/** The newest campaigns that the list shows; the API has the others. */
export interface CampaignsSnapshot {
  rows: CampaignOut[];
}

/** Take or renew the sole right to answer, for 90 s; `over`: even from the colleague who has it. */
export interface Claim {
  name: "claim";
  thread_id: number;
  over?: boolean;
}

/** Only this member may answer, until then. */
export interface ClaimOut {
  by: ColleagueOut;
  until: string;
}

export type ClientFrame = Subscribe | Unsubscribe | Command | Pong;

export interface ColleagueOut {
  member_id: number;
  name: string;
}

/** Without an ack the client sends it again with the same `cmd_id`; the same id with another body is refused. */
export interface Command {
  t: "command";
  cmd_id: string;
  data: Send | MarkRead | MarkUnread | Typing | Release | Claim | Unclaim;
}

export type CommandData = Send | MarkRead | MarkUnread | Typing | Release | Claim | Unclaim;

/** What not everybody may do. */
export type Deed = "change_others_templates" | "change_fields" | "change_settings" | "read_audit" | "connect_programs" | "give_numbers" | "hand_over_sending";

/** The newest events, the oldest first; older ones down to `oldest` are at /api/v1/events/list. */
export interface DialerSnapshot {
  head: number;
  oldest: number;
  events: IntegrationEventOut[];
}

/** At most `batch` recipients every `interval_s`, on `days` (Monday is 0) within the hours of `span`, in `zone`. `ends_on` is the last day there; None: it goes on until everybody was written to. Only one without faults, see `domain.drip_faults`, may be asked when it opens. */
export interface Drip {
  batch: number;
  interval_s: number;
  days: number[];
  span: Span;
  zone: string;
  ends_on: string | null;
}

/** `id` or `cmd_id` says what failed; `code` is stable, `message` is for people. */
export interface Err {
  t: "err";
  id: number | null;
  cmd_id: string | null;
  code: string;
  message: string;
}

export interface Event {
  t: "event";
  ch: string;
  seq: number;
  epoch: string;
  data: MessageEvent | StatusEvent | NoteEvent | ActivityEvent;
}

/** The workspace's choice. */
export type IfMissed = "expire" | "ask";

/** Rows by last_at, newest first, with the member's marks for them. `partial`: only rows that changed since p. */
export interface InboxPage {
  rows: InboxRow[];
  reads: ReadMarkOut[];
  next_cursor: string | null;
  partial: boolean;
}

/** A row of the inbox without the member's own read mark: unread = in_total - in_ord of that mark. `invalid` says in a sentence why the contact's number cannot receive texts. `held`: a text of the contact may have asked to stop, and waits for a person's decision. `closed` is done with until the contact writes, as is what is snoozed. `waiting_since`: when the contact wrote what nobody has answered. `campaign`: whose text the contact got last. Not `listed`: the inbox does not show it, or not any more. */
export interface InboxRow {
  thread_id: number;
  v: number;
  name: string | null;
  contact_id: number | null;
  address: string;
  number: string;
  last_seq: number;
  last_at: string;
  preview: string;
  direction: "in" | "out";
  in_total: number;
  opted_out: boolean;
  carrier_blocked: boolean;
  invalid: string | null;
  held: boolean;
  campaign: TextedOut | null;
  assignee: ColleagueOut | null;
  closed: boolean;
  snoozed_until: string | null;
  waiting_since: string | null;
  claim: ClaimOut | null;
  listed: boolean;
}

/** An event of the channel `dialer`. */
export interface IntegrationEvent {
  t: "event";
  ch: "dialer";
  seq: number;
  epoch: string;
  data: IntegrationEventOut;
}

/** What happened, for other programs; `kind` says what `data` holds. */
export interface IntegrationEventOut {
  seq: number;
  kind: string;
  at: string;
  data: Record<string, unknown>;
}

/** Whom to leave out besides those who must not get it. None: not for that. */
export interface Leaving {
  texted_within_days: number | null;
  in_active_campaign: boolean;
}

/** Shares in percent above which a campaign is paused; None: never for that. They are our own restraint. Below `at_least` texts no share counts: of three texts one is a third. */
export interface Limits {
  failed_percent: number | null;
  opted_out_percent: number | null;
  at_least: number;
}

/** `up_to` is the in_ord that was displayed; it only rises. */
export interface MarkRead {
  name: "mark_read";
  thread_id: number;
  up_to: number;
}

/** Everything from inbound ordinal `from_ord` on counts as unread again. */
export interface MarkUnread {
  name: "mark_unread";
  thread_id: number;
  from_ord: number;
}

/** In how many `threads` notes ask this member to look. `asked`: the threads where one ever did; of many the 500 that began last. */
export interface MentionsOut {
  threads: number;
  asked: number[];
}

export interface MessageEvent {
  kind: "message";
  message: MessageOut;
}

/** A text in a thread. `error` says in words what went wrong; `cmd_id` is the author's own id of the command. `waits_until`: a queued text leaves no earlier; with an error, the gate made it wait for that. `taken_back`: a text to many was stopped or changed before this one left; it is not to be shown, and no page has it. `call_id`: the dialer's name for the call during or after which it sent this. */
export interface MessageOut {
  seq: number;
  direction: "in" | "out";
  body: string;
  state: "received" | "queued" | "held" | "sent" | "delivered" | "undelivered" | "rejected" | "blocked" | "cancelled" | "expired" | "unconfirmed";
  at: string;
  in_ord: number | null;
  segments: number;
  klass: string;
  author_id: number | null;
  author: string | null;
  cmd_id: string | null;
  error_class: string | null;
  error_code: string | null;
  error: string | null;
  keyword: "STOP" | "START" | "HELP" | null;
  media: string[];
  resend_of: number | null;
  waits_until: string | null;
  campaign: OfCampaignOut | null;
  call_id: string | null;
  taken_back: boolean;
}

export type MessageState = "received" | "queued" | "held" | "sent" | "delivered" | "undelivered" | "rejected" | "blocked" | "cancelled" | "expired" | "unconfirmed";

export interface NoteEvent {
  kind: "note";
  note: NoteOut;
}

/** What a member wrote beside the texts, for colleagues only. `mentions`: the members whom it asks to look. */
export interface NoteOut {
  seq: number;
  body: string;
  author_id: number;
  author: string;
  mentions: number[];
  at: string;
}

/** The text to many that a text belongs to. `variant`: which of several wordings, from 0; null: there is but one. */
export interface OfCampaignOut {
  id: number;
  kind: "campaign" | "bulk";
  name: string;
  variant: number | null;
}

/** The telephone of this member, where tests of campaigns may go once it is `verified`. `waiting`: the code that the member was shown is to be texted from it to `text_to`, or to any other number of the workspace, before `expires_at`; `spent`: too many wrong ones came; `taken`: it was proven to be a colleague's. */
export interface OwnNumberOut {
  state: "none" | "waiting" | "verified" | "expired" | "spent" | "taken";
  address: string | null;
  text_to: string | null;
  expires_at: string | null;
  verified_at: string | null;
  tries_left: number;
}

/** The heartbeat. `heads` gives the newest seq of each subscribed thread, so that a lost tail is noticed. */
export interface Ping {
  t: "ping";
  id: number;
  heads: Record<string, number>;
}

/** A campaign as its wizard keeps it: nothing of it need be right, or there at all, before the launch. `answers` stand in for values that a recipient does not have. `number_id` None: the workspace's first; threads that exist keep their own. `rate`: segments per second at most; None: as fast as the numbers let. `until_reply`: who writes to us gets nothing more of it. `quiet`: its texts stay out of the inbox until the contact replies. */
export interface Plan {
  sources: Sources;
  leaving: Leaving;
  variants: Variant[];
  answers: Record<string, string>;
  number_id: number | null;
  start: Start;
  drip: Drip | null;
  rate: number | null;
  until_reply: boolean;
  quiet: boolean;
  limits: Limits;
}

export interface Pong {
  t: "pong";
  id: number;
}

export interface ReadMarkOut {
  thread_id: number;
  in_ord: number;
  v: number;
}

/** Send a held message anyway, or drop it. */
export interface Release {
  name: "release";
  thread_id: number;
  seq: number;
  send: boolean;
}

/** Frames of these channels were dropped: subscribe to them again with your last position. */
export interface Resync {
  t: "resync";
  ch: string[];
}

/** The number of texts in the workspace that wait for a person's decision. */
export interface ReviewBadgeOut {
  open: number;
}

/** A text that may have asked to stop. `parts` joined are the text. Decided with `decided_by` null: by the contact's own next text; "superseded" by one that has a review of its own. */
export interface ReviewOut {
  id: number;
  thread_id: number;
  seq: number;
  kind: "ambiguous" | "wrong_number";
  parts: ReviewPart[];
  at: string;
  name: string | null;
  address: string;
  decided_at: string | null;
  decided_by: string | null;
  decision: "opted_out" | "not_a_revocation" | "wrong_number" | "superseded" | null;
}

/** Open ones first, then those decided last. `open` counts all that are open in the workspace. */
export interface ReviewPageOut {
  reviews: ReviewOut[];
  open: number;
  next_cursor: string | null;
}

/** A piece of a text; `marked` is what was recognised in it. */
export interface ReviewPart {
  text: string;
  marked: boolean;
}

/** A reply to a thread. `acknowledged_opt_out`: the author saw that the contact opted out and sends all the same. `seen`: the newest seq that the author had before them; a colleague's answer after it is an `overtaken`. Without it nothing is checked. */
export interface Send {
  name: "send";
  thread_id: number;
  body: string;
  acknowledged_opt_out?: boolean;
  resend_of?: number | null;
  seen?: number | null;
}

export type ServerFrame = Subscribed | Event | IntegrationEvent | StateInboxRow | StateRead | StateBadge | StateReview | StateMentions | StateOwnNumber | StateSettings | StateBulk | StateCampaign | StateSuggestions | StateTyping | Snapshot | Ack | Err | Resync | Ping;

/** What the workspace sets for itself is at this version. `suggesting`: replies may be suggested in it. */
export interface SettingsNewsOut {
  version: number;
  suggesting: boolean;
}

export interface Snapshot {
  t: "snapshot";
  ch: string;
  epoch: string;
  seq: number | null;
  p: string | null;
  data: InboxPage | ThreadSnapshot | UserSnapshot | BulkOut | CampaignOut | CampaignsSnapshot | DialerSnapshot;
}

/** Whom a campaign is for: everybody in any of these. Who is deleted, or of another workspace, is in none. */
export interface Sources {
  everybody: boolean;
  filter_ids: number[];
  definition: Record<string, unknown> | null;
  stage_ids: number[];
  contact_ids: number[];
  import_ids: number[];
}

/** Hours of one day in seconds since midnight on the local clock, half-open: ``[opens_s, closes_s)``. */
export interface Span {
  opens_s: number;
  closes_s: number;
}

/** When it begins. `day` None: at once. `at_home`: on each recipient's own clock, and `zone` where none is known. */
export interface Start {
  day: string | null;
  at: string;
  zone: string;
  at_home: boolean;
  if_missed: IfMissed;
}

export interface StateBadge {
  t: "state";
  ch: "user";
  key: "badge";
  v: number;
  data: BadgeOut;
}

/** The channel is `bulk:` and the id. */
export interface StateBulk {
  t: "state";
  ch: string;
  key: "progress";
  v: number;
  data: BulkOut;
}

/** The channel is `campaign:` and the id, with the key `campaign`; or `campaigns`, with the id as the key, for any campaign of the workspace, also one that its list does not show. */
export interface StateCampaign {
  t: "state";
  ch: string;
  key: string;
  v: number;
  data: CampaignOut;
}

export interface StateInboxRow {
  t: "state";
  ch: "inbox";
  key: string;
  v: number;
  data: InboxRow;
}

export interface StateMentions {
  t: "state";
  ch: "user";
  key: "mentions";
  v: number;
  data: MentionsOut;
}

export interface StateOwnNumber {
  t: "state";
  ch: "user";
  key: "own_number";
  v: number;
  data: OwnNumberOut;
}

export interface StateRead {
  t: "state";
  ch: "user";
  key: string;
  v: number;
  data: ReadMarkOut;
}

export interface StateReview {
  t: "state";
  ch: "user";
  key: "review";
  v: number;
  data: ReviewBadgeOut;
}

export interface StateSettings {
  t: "state";
  ch: "user";
  key: "settings";
  v: number;
  data: SettingsNewsOut;
}

/** The channel is `thread:` and the id. `v` rises with the text that they answer. */
export interface StateSuggestions {
  t: "state";
  ch: string;
  key: "suggestions";
  v: number;
  data: SuggestionsOut;
}

export interface StateTyping {
  t: "state";
  ch: string;
  key: string;
  v: number;
  data: TypingOut | ViewerOut;
}

/** Message `ref` moved to `state`. `body`: how it reads now, where its author changed it; `taken_back`: as there. */
export interface StatusEvent {
  kind: "status";
  ref: number;
  state: "received" | "queued" | "held" | "sent" | "delivered" | "undelivered" | "rejected" | "blocked" | "cancelled" | "expired" | "unconfirmed";
  at: string;
  error_class: string | null;
  error_code: string | null;
  error: string | null;
  waits_until: string | null;
  body: string | null;
  taken_back: boolean;
}

/** `after` and `epoch` resume a thread or `dialer`, `p` and `epoch` resume `inbox` and `user`. Without them a snapshot comes. */
export interface Subscribe {
  t: "subscribe";
  id: number;
  ch: string;
  after?: number | null;
  epoch?: string | null;
  p?: string | null;
}

/** Answers `subscribe`: from here on the channel is live. A resumed thread is followed by the events that were missed, anything else by a snapshot; where `inbox` or `user` is resumed it holds only what has changed since p. */
export interface Subscribed {
  t: "subscribed";
  id: number;
  ch: string;
  epoch: string;
  seq: number | null;
  p: string | null;
  resumed: boolean;
}

/** Replies that are suggested for the text `based_on` of a thread; of no use once a newer text was said there. `begun`: somebody thinks about it, and the first `whole` of the `items` are ready; a last one may have only begun. `made`: they stay as they are, none of them means that there are none. `source`: `model`, called `label`, or `offline`: what the team has answered before, and its templates. Where one says `{{agent_name}}` whoever sends it puts their own name. */
export interface SuggestionsOut {
  based_on: number;
  state: "begun" | "made";
  source: "model" | "offline" | null;
  label: string;
  items: string[];
  whole: number;
}

/** The campaign whose text reached a contact last, and when it left. */
export interface TextedOut {
  id: number;
  name: string;
  at: string;
}

export type ThreadEventData = MessageEvent | StatusEvent | NoteEvent | ActivityEvent;

/** The newest messages of a thread in rising seq; older ones by the API (`before`). `asides`: notes and doings beside these messages, in rising seq too. */
export interface ThreadSnapshot {
  thread: InboxRow;
  messages: MessageOut[];
  in_ord: number;
  has_more: boolean;
  asides: (NoteEvent | ActivityEvent)[];
}

export interface Typing {
  name: "typing";
  thread_id: number;
  typing: boolean;
}

export interface TypingOut {
  member_id: number;
  name: string;
  typing: boolean;
}

/** Give the sole right to answer back. */
export interface Unclaim {
  name: "unclaim";
  thread_id: number;
}

export interface Unsubscribe {
  t: "unsubscribe";
  id: number;
  ch: string;
}

export interface UserSnapshot {
  badge: BadgeOut;
  review: ReviewBadgeOut;
  mentions: MentionsOut;
  settings: SettingsNewsOut;
  reads: ReadMarkOut[];
}

/** One of the texts, for `share` percent of the recipients; of several they add up to 100. */
export interface Variant {
  body: string;
  share: number;
}

export interface ViewerOut {
  member_id: number;
  name: string;
  here: boolean;
}
