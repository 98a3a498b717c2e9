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
  const { id } = useSearch({ from: "/inside/people/import" });
  const navigate = useNavigate();
  const open = (next?: number) => void navigate({ to: "/people/import", search: next === undefined ? {} : { id: next } });
  return (
    <Page title="Import people" back={id === undefined ? <Back to="/people">People</Back> : <Back to="/people/import">All imports</Back>}>
      {id === undefined ? (
        <>
          <Drop onSent={open} />
          <Past />
        </>
      ) : (
        <One key={id} id={id} onGone={() => open()} />
      )}
    </Page>
  );
}

function Back({ to, children }: { to: "/people" | "/people/import"; children: string }) {
  return (
    <Link to={to} search={{}}>
      <ChevronLeft size={16} aria-hidden="true" /> {children}
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
