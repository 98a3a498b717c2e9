// Every page's address. What is not the inbox is loaded when it is first opened.
import { createRootRoute, createRoute, createRouter, lazyRouteComponent, redirect } from "@tanstack/react-router";
import { Problem, queryClient, sessionQuery } from "../api";
import { isDay, type Narrowed as AuditNarrowed } from "../audit/audit";
import { STATES, type Narrowed } from "../campaigns/drafts";
import type { Filter } from "../filters/filter";
import { askedOf } from "../history/api";
import { InboxPage } from "../inbox/InboxPage";
import { ThreadRoute } from "../inbox/ThreadRoute";
import { NothingOpen } from "../inbox/NothingOpen";
import { Broken, NotFound, Waiting } from "./Plain";
import { Shell } from "./Shell";

/** What a list of people is narrowed by: words, a saved filter, or one that is being built on it. */
interface PeopleSearch {
  q?: string;
  filter?: number;
  f?: Filter | null;
  sort?: "name" | "activity" | "created";
}

const root = createRootRoute({ notFoundComponent: NotFound, errorComponent: Broken });

const login = createRoute({
  getParentRoute: () => root,
  path: "/login",
  validateSearch: (search: Record<string, unknown>): { next?: string } =>
    typeof search["next"] === "string" && /^\/(?![/\\])/.test(search["next"]) ? { next: search["next"] } : {},
  component: lazyRouteComponent(() => import("../login/LoginPage"), "LoginPage"),
});

const inside = createRoute({
  getParentRoute: () => root,
  id: "inside",
  component: Shell,
  pendingComponent: Waiting,
  beforeLoad: async ({ location }) => {
    try {
      return { session: await queryClient.ensureQueryData(sessionQuery) };
    } catch (error) {
      if (error instanceof Problem && error.status === 401) throw redirect({ to: "/login", search: { next: location.pathname } });
      throw error;
    }
  },
});

const home = createRoute({
  getParentRoute: () => inside,
  path: "/",
  beforeLoad: () => {
    throw redirect({ to: "/phone/sms", replace: true });
  },
});
const inbox = createRoute({ getParentRoute: () => inside, path: "/phone/sms", component: InboxPage });
const nothingOpen = createRoute({ getParentRoute: () => inbox, path: "/", component: NothingOpen });
const thread = createRoute({
  getParentRoute: () => inbox,
  path: "$threadId",
  validateSearch: (search: Record<string, unknown>): { at?: number } => (typeof search["at"] === "number" && search["at"] > 0 ? { at: search["at"] } : {}),
  component: ThreadRoute,
});
const history = createRoute({
  getParentRoute: () => inside,
  path: "/phone/sms/history",
  validateSearch: askedOf,
  component: lazyRouteComponent(() => import("../history/HistoryPage"), "HistoryPage"),
});
const review = createRoute({
  getParentRoute: () => inside,
  path: "/phone/sms/review",
  component: lazyRouteComponent(() => import("../review/ReviewPage"), "ReviewPage"),
});
const people = createRoute({
  getParentRoute: () => inside,
  path: "/people",
  validateSearch: (search: Record<string, unknown>): PeopleSearch => ({
    ...(typeof search["q"] === "string" || typeof search["q"] === "number" ? { q: String(search["q"]) } : {}),
    ...(typeof search["filter"] === "number" ? { filter: search["filter"] } : {}),
    ...(typeof search["f"] === "object" ? { f: search["f"] as Filter | null } : {}),
    ...(search["sort"] === "activity" || search["sort"] === "created" ? { sort: search["sort"] } : {}),
  }),
  component: lazyRouteComponent(() => import("../people/PeoplePage"), "PeoplePage"),
});
const imports = createRoute({
  getParentRoute: () => inside,
  path: "/people/import",
  validateSearch: (search: Record<string, unknown>): { id?: number; campaign?: number } => ({
    ...(typeof search["id"] === "number" && search["id"] > 0 && { id: search["id"] }),
    ...(typeof search["campaign"] === "number" && search["campaign"] > 0 && { campaign: search["campaign"] }), // whose audience it is for
  }),
  component: lazyRouteComponent(() => import("../imports/ImportPage"), "ImportPage"),
});
const contact = createRoute({
  getParentRoute: () => inside,
  path: "/people/$contactId",
  component: lazyRouteComponent(() => import("../people/ContactPage"), "ContactPage"),
});
const fields = createRoute({
  getParentRoute: () => inside,
  path: "/settings/fields",
  component: lazyRouteComponent(() => import("../settings/FieldsPage"), "FieldsPage"),
});
const templates = createRoute({
  getParentRoute: () => inside,
  path: "/templates",
  component: lazyRouteComponent(() => import("../templates/TemplatesPage"), "TemplatesPage"),
});
const noTemplate = createRoute({ getParentRoute: () => templates, path: "/" });
const template = createRoute({ getParentRoute: () => templates, path: "$templateId" });
const bulks = createRoute({
  getParentRoute: () => inside,
  path: "/bulk",
  component: lazyRouteComponent(() => import("../bulk/BulkListPage"), "BulkListPage"),
});
const bulk = createRoute({
  getParentRoute: () => inside,
  path: "/bulk/$bulkId",
  component: lazyRouteComponent(() => import("../bulk/BulkPage"), "BulkPage"),
});
const campaign = createRoute({
  getParentRoute: () => inside,
  path: "/sms/campaigns/$campaignId",
  validateSearch: (search: Record<string, unknown>): { show?: string; q?: string } => ({
    ...(typeof search["show"] === "string" ? { show: search["show"] } : {}),
    ...(typeof search["q"] === "string" || typeof search["q"] === "number" ? { q: String(search["q"]) } : {}),
  }),
  component: lazyRouteComponent(() => import("../campaigns/dashboard/DashboardPage"), "DashboardPage"),
});
const campaigns = createRoute({
  getParentRoute: () => inside,
  path: "/sms/campaigns",
  validateSearch: (search: Record<string, unknown>): Narrowed => {
    const state = STATES.find((one) => one === search["state"]);
    return {
      ...(typeof search["q"] === "string" || typeof search["q"] === "number" ? { q: String(search["q"]) } : {}),
      ...(state ? { state } : {}),
      ...(search["show"] === "templates" || search["show"] === "archived" ? { show: search["show"] } : {}),
    };
  },
  component: lazyRouteComponent(() => import("../campaigns/list/CampaignsPage"), "CampaignsPage"),
});
const newCampaign = createRoute({
  getParentRoute: () => inside,
  path: "/sms/campaigns/new",
  validateSearch: (search: Record<string, unknown>): { template?: number } => (typeof search["template"] === "number" && search["template"] > 0 ? { template: search["template"] } : {}),
  component: lazyRouteComponent(() => import("../campaigns/wizard/NewCampaign"), "NewCampaign"),
});
const campaignWizard = createRoute({
  getParentRoute: () => inside,
  path: "/sms/campaigns/$campaignId/edit/$step",
  component: lazyRouteComponent(() => import("../campaigns/wizard/Wizard"), "Wizard"),
});
const consent = createRoute({
  getParentRoute: () => inside,
  path: "/settings/consent",
  component: lazyRouteComponent(() => import("../consent/ConsentSettingsPage"), "ConsentSettingsPage"),
});
const settings = createRoute({
  getParentRoute: () => inside,
  path: "/settings",
  component: lazyRouteComponent(() => import("../settings/SettingsPage"), "SettingsPage"),
});
const audit = createRoute({
  getParentRoute: () => inside,
  path: "/settings/audit",
  validateSearch: (search: Record<string, unknown>): AuditNarrowed => ({
    ...(typeof search["who"] === "number" && search["who"] > 0 ? { who: search["who"] } : {}),
    ...(typeof search["what"] === "string" ? { what: search["what"] } : {}),
    ...(isDay(search["from"]) ? { from: search["from"] } : {}),
    ...(isDay(search["to"]) ? { to: search["to"] } : {}),
  }),
  component: lazyRouteComponent(() => import("../audit/AuditPage"), "AuditPage"),
});
const tokens = createRoute({
  getParentRoute: () => inside,
  path: "/settings/tokens",
  component: lazyRouteComponent(() => import("../programs/TokensPage"), "TokensPage"),
});
const webhooks = createRoute({
  getParentRoute: () => inside,
  path: "/settings/webhooks",
  component: lazyRouteComponent(() => import("../programs/WebhooksPage"), "WebhooksPage"),
});
const dialer = createRoute({
  getParentRoute: () => inside,
  path: "/dialer",
  component: lazyRouteComponent(() => import("../dialer/DialerPage"), "DialerPage"),
});
const system = createRoute({
  getParentRoute: () => inside,
  path: "/system",
  component: lazyRouteComponent(() => import("../system/SystemPage"), "SystemPage"),
});
const sending = createRoute({
  getParentRoute: () => inside,
  path: "/system/sending",
  component: lazyRouteComponent(() => import("../system/SendingPage"), "SendingPage"),
});

export const router = createRouter({
  routeTree: root.addChildren([login, inside.addChildren([home, inbox.addChildren([nothingOpen, thread]), history, review, people, imports, contact, fields, consent, templates.addChildren([noTemplate, template]), bulks, bulk, campaigns, newCampaign, campaignWizard, campaign, settings, audit, tokens, webhooks, dialer, system, sending])]),
  defaultPreload: "intent",
  defaultPendingMs: 400,
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
