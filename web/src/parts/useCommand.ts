import { useState } from "react";
import { newCommand, type Command } from "./command";

/** The command of what one form sends, for as long as the form stands there. */
export const useCommand = (): Command => useState(newCommand)[0];
