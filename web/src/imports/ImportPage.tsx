// A list of people on its way in: sent, looked at, confirmed with its statement, followed, taken back.
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { ChevronLeft, CircleAlert } from "lucide-react";
import { useEffect, useRef } from "react";
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
    <div className={styles.page}>
      <header className={styles.head}>
        {id === undefined ? (
          <Link to="/people" className={styles.back}>
            <ChevronLeft size={16} aria-hidden="true" /> People
          </Link>
        ) : (
          <Link to="/people/import" search={{}} className={styles.back}>
            <ChevronLeft size={16} aria-hidden="true" /> All imports
          </Link>
        )}
        <h1>Import people</h1>
      </header>
      {id === undefined ? (
        <>
          <Drop onSent={open} />
          <Past />
        </>
      ) : (
        <One key={id} id={id} onGone={() => open()} />
      )}
    </div>
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
  if (found.isError) {
    return (
      <p className={styles.problem} role="alert">
        <CircleAlert size={16} aria-hidden="true" /> {found.error.message}
      </p>
    );
  }
  if (!found.data) return <div className={`bone ${styles.bone}`} aria-hidden="true" />;
  return found.data.state === "uploaded" ? <Settle view={found.data} onGone={onGone} /> : <Outcome view={found.data} />;
}
