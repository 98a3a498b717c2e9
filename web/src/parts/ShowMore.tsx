import { Button } from "@mantine/core";
import styles from "./ShowMore.module.css";

interface Pages {
  hasNextPage: boolean;
  isFetchingNextPage: boolean;
  fetchNextPage: () => unknown;
}

/** The next page of a list that does not scroll by itself. */
export function ShowMore({ of }: { of: Pages }) {
  if (!of.hasNextPage) return null;
  return (
    <p className={styles.more}>
      <Button variant="default" onClick={() => void of.fetchNextPage()} loading={of.isFetchingNextPage}>
        Show more
      </Button>
    </p>
  );
}
