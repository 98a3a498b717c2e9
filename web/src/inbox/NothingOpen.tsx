import { MessagesSquare } from "lucide-react";
import { Nothing } from "../parts/Nothing";

export function NothingOpen() {
  return (
    <Nothing icon={MessagesSquare} title="Choose a conversation">
      <p>
        Move with <kbd>J</kbd> and <kbd>K</kbd>, open with <kbd>Enter</kbd>.
        <br />
        All shortcuts: <kbd>?</kbd>
      </p>
    </Nothing>
  );
}
