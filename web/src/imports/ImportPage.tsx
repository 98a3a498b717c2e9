// A list of people on its way in: sent, looked at, confirmed with its statement, followed, taken back.
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { ChevronLeft } from "lucide-react";
import { useEffect, useRef } from "react";
import { Failure } from "../parts/Failure";
import { Page } from "../parts/Page";
import { forgetPeople } from "../people/api";
import { importQuery, importsQuery, isMoving } from "./api";
import { Drop } from "./Drop";
import { Outcome } from "./Outcome";
import { Past } from "./Past";
import { Settle } from "./Settle";
import styles from "./ImportPage.module.css";

export function ImportPage() {
  const { id, campaign } = useSearch({ from: "/inside/people/import" });
  const navigate = useNavigate();
  const open = (next?: number) => void navigate({ to: "/people/import", search: { ...(next !== undefined && { id: next }), ...(campaign !== undefined && { campaign }) } });
  return (
    <Page title="Import people" back={<Back id={id} campaign={campaign} />}>
      {id === undefined ? (
        <>
          <Drop onSent={open} />
          <Past campaign={campaign} />
        </>
      ) : (
        <One key={id} id={id} onGone={() => open()} />
      )}
    </Page>
  );
}

/** To the campaign that the list is for, if there is one: its wizard has kept all that was written. */
function Back({ id, campaign }: { id: number | undefined; campaign: number | undefined }) {
  const mark = <ChevronLeft size={16} aria-hidden="true" />;
  if (campaign !== undefined)
    return (
      <Link to="/sms/campaigns/$campaignId/edit/$step" params={{ campaignId: String(campaign), step: "audience" }}>
        {mark} Back to the campaign
      </Link>
    );
  return (
    <Link to={id === undefined ? "/people" : "/people/import"} search={{}}>
      {mark} {id === undefined ? "People" : "All imports"}
    </Link>
  );
}

function One({ id, onGone }: { id: number; onGone: () => void }) {
  const queries = useQueryClient();
  const found = useQuery(importQuery(id));
  const state = found.data?.state;
  const moved = useRef(false);
  useEffect(() => {
    if (state === undefined) return;
    if (moved.current && !isMoving(state)) {
      void queries.invalidateQueries({ queryKey: importsQuery.queryKey });
      void queries.invalidateQueries({ queryKey: ["custom-fields"] });
      void queries.invalidateQueries({ queryKey: ["tags"] });
      void forgetPeople(queries);
    }
    moved.current = isMoving(state);
  }, [state, queries]);
  if (found.isError) return <Failure error={found.error} />;
  if (!found.data) return <div className={`bone ${styles.bone}`} aria-hidden="true" />;
  return found.data.state === "uploaded" ? <Settle view={found.data} onGone={onGone} /> : <Outcome view={found.data} />;
}
