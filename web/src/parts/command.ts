// What makes sending safe to repeat: tried again after an answer was lost it is the same command, changed it is another one.

export interface Command {
  /** The id of the command that sends *what*. */
  idOf: (what: unknown) => string;
  /** It was sent: the same once more is another command. */
  done: () => void;
}

export function newCommand(): Command {
  let last: { of: string; id: string } | null = null;
  return {
    idOf: (what) => {
      const of = JSON.stringify(what);
      if (last?.of !== of) last = { of, id: crypto.randomUUID() };
      return last.id;
    },
    done: () => {
      last = null;
    },
  };
}
