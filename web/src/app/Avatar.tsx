import { UserRound } from "lucide-react";
import { memo } from "react";
import { initials } from "../text/people";
import { tintOf } from "../theme";
import styles from "./Avatar.module.css";

/** Initials on the person's own tint; decoration only, since the name stands beside it. */
export const Avatar = memo(function Avatar({ name, seed, size = 40 }: { name: string | null; seed: string; size?: 24 | 36 | 40 }) {
  const letters = initials(name);
  return (
    <span className={styles.avatar} data-tint={letters ? tintOf(seed) : "none"} data-size={size} aria-hidden="true">
      {letters || <UserRound size={size * 0.45} strokeWidth={1.8} />}
    </span>
  );
});
