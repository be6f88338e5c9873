// What the shell did that a test wants to know, as plain data.

export interface Journal {
  errorBoxes: { title: string; content: string }[];
  questions: { message: string; detail: string; buttons: string[] }[];
  /** Button indices for the next questions; without one, a question stays open. */
  answers: number[];
  openedPaths: string[];
  aboutShown: number;
  menu: unknown;
  blockedNavigations: string[];
  deniedWindows: string[];
  /** Requests that got past every rule and would have reached a network. */
  leakedRequests: string[];
}

export const journal: Journal = {
  errorBoxes: [],
  questions: [],
  answers: [],
  openedPaths: [],
  aboutShown: 0,
  menu: null,
  blockedNavigations: [],
  deniedWindows: [],
  leakedRequests: [],
};
