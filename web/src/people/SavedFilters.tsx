// The saved filters beside the list; on a narrower page one row of them above it.
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Bookmark, SlidersHorizontal, UsersRound } from "lucide-react";
import { filtersQuery } from "./api";
import styles from "./SavedFilters.module.css";

interface Props {
  chosen: number | null;
  /** Nothing narrows the list. */
  everybody: boolean;
  onChoose: (id: number | null) => void;
}

export function SavedFilters({ chosen, everybody, onChoose }: Props) {
  const filters = useQuery(filtersQuery);
  const saved = [...(filters.data ?? [])].sort((a, b) => a.name.localeCompare(b.name));
  return (
    <nav className={styles.side} aria-label="Saved filters">
      <ul>
        <li>
          <button type="button" aria-current={everybody ? "true" : undefined} onClick={() => onChoose(null)}>
            <UsersRound size={16} strokeWidth={1.9} aria-hidden="true" />
            <span>Everybody</span>
          </button>
        </li>
        {saved.map((one) => (
          <li key={one.filter_id}>
            <button type="button" aria-current={chosen === one.filter_id ? "true" : undefined} onClick={() => onChoose(one.filter_id)} title={one.name}>
              <Bookmark size={16} strokeWidth={1.9} aria-hidden="true" />
              <span>{one.name}</span>
            </button>
          </li>
        ))}
      </ul>
      {filters.isError && <p role="alert">{filters.error.message}</p>}
      {filters.isSuccess && saved.length === 0 && <p className={styles.hint}>A filter that you save stands here.</p>}
      <Link to="/settings/fields" className={styles.settings}>
        <SlidersHorizontal size={16} strokeWidth={1.9} aria-hidden="true" />
        Fields, tags, stages
      </Link>
    </nav>
  );
}
