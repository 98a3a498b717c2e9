// Every campaign, the newest first, as it stands this moment; the templates of campaigns and the archived on shelves of their own.
import { Button, NativeSelect, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { Archive, LayoutTemplate, Megaphone, Plus, Search } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { useCampaigns, useStatus } from "../../live/hooks";
import { Failure } from "../../parts/Failure";
import { Nothing } from "../../parts/Nothing";
import { Page } from "../../parts/Page";
import { ShowMore } from "../../parts/ShowMore";
import { campaignsQuery, forgetCampaigns, later, places, STATES, WORDS, type Narrowed, type Shelf } from "../drafts";
import { Row } from "./Row";
import styles from "./CampaignsPage.module.css";

const WIDTH = 1180; // px: nine columns
const TYPING_MS = 200;
const SHELVES: readonly { value: Shelf; label: string }[] = [
  { value: "campaigns", label: "Campaigns" },
  { value: "templates", label: "Templates" },
  { value: "archived", label: "Archived" },
];

export function CampaignsPage() {
  const narrowed = useSearch({ from: "/inside/sms/campaigns" });
  const live = useCampaigns();
  const queries = useQueryClient();
  const [q] = useDebouncedValue(narrowed.q, TYPING_MS);
  const found = useInfiniteQuery(campaignsQuery({ ...narrowed, q: q ?? "" }));
  const rows = (found.data?.pages.flatMap((page) => page.rows) ?? []).map((row) => later(row, live.get(row.id)));
  const placed = places(live.values());
  // What was told while the connection was away is not told again: the list is read anew once it is back.
  const standing = `${useStatus() === "live"} ${placed}`;
  const before = useRef(standing);
  useEffect(() => {
    if (before.current !== standing) void forgetCampaigns(queries);
    before.current = standing;
  }, [standing, queries]);
  return (
    <Page
      width={WIDTH} title="Campaigns" lead="One message to many people, paced over hours or weeks, with figures while it runs."
      beside={
        <Link to="/sms/campaigns/new" search={{}} className={styles.fresh}>
          <Button component="span" leftSection={<Plus size={16} aria-hidden="true" />}>
            New campaign
          </Button>
        </Link>
      }
    >
      <Tools narrowed={narrowed} />
      <Failure error={found.error} onAgain={() => void found.refetch()} />
      {found.isPending && <div className={`bone ${styles.bone}`} aria-hidden="true" />}
      {found.data && rows.length === 0 && <Empty narrowed={narrowed} />}
      {rows.length > 0 && (
        <div className={styles.table}>
          <div className={styles.heads} aria-hidden="true">
            {["Campaign", "Status", "Recipients", "Sent", "Delivered", "Replied", "Created", "Activity", ""].map((head, index) => (
              <span key={index}>{head}</span>
            ))}
          </div>
          <ul aria-label="Campaigns">
            {rows.map((row) => (
              <Row key={row.id} campaign={row} />
            ))}
          </ul>
        </div>
      )}
      <ShowMore of={found} />
    </Page>
  );
}

function Tools({ narrowed }: { narrowed: Narrowed }) {
  const navigate = useNavigate();
  const [typed, type] = useState(narrowed.q ?? "");
  // At once, and not after a pause: by then somebody may be on the way to another page.
  const narrow = (change: Partial<Record<keyof Narrowed, string | undefined>>) =>
    void navigate({ to: "/sms/campaigns", replace: true, search: (now) => ({ ...now, ...change }) as Narrowed });
  const shelf: Shelf = narrowed.show ?? "campaigns";
  return (
    <div className={styles.tools}>
      <div className={styles.shelves} role="group" aria-label="Which">
        {SHELVES.map(({ value, label }) => (
          <button key={value} type="button" aria-pressed={shelf === value} onClick={() => narrow({ show: value === "campaigns" ? undefined : value, state: undefined })}>
            {label}
          </button>
        ))}
      </div>
      <TextInput
        className={styles.search} type="search" aria-label="Search campaigns" placeholder="Search by name or description" autoComplete="off" leftSection={<Search size={16} aria-hidden="true" />}
        value={typed} onChange={(event) => {
          type(event.currentTarget.value);
          narrow({ q: event.currentTarget.value.trim() || undefined });
        }}
      />
      {shelf !== "templates" && (
        <NativeSelect
          className={styles.states} aria-label="Status" value={narrowed.state ?? ""} onChange={(event) => narrow({ state: event.currentTarget.value || undefined })}
          data={[{ value: "", label: "Any status" }, ...STATES.map((value) => ({ value, label: WORDS[value] }))]}
        />
      )}
    </div>
  );
}

function Empty({ narrowed }: { narrowed: Narrowed }) {
  if (narrowed.q || narrowed.state)
    return (
      <Nothing boxed icon={Search} title="No campaign is like that">
        <p>Search for other words, or choose another status.</p>
      </Nothing>
    );
  if (narrowed.show === "templates")
    return (
      <Nothing boxed icon={LayoutTemplate} title="No templates of campaigns yet">
        <p>Choose “Save as template” beside a campaign that went well, and the next one begins with its plan.</p>
      </Nothing>
    );
  if (narrowed.show === "archived")
    return (
      <Nothing boxed icon={Archive} title="Nothing is archived">
        <p>Campaigns that have ended can be put here, out of the way.</p>
      </Nothing>
    );
  return (
    <Nothing boxed icon={Megaphone} title="No campaigns yet">
      <p>Choose people, write what they get, say when. Nothing leaves before you have seen the count and confirmed it.</p>
    </Nothing>
  );
}
