// What the two panels show, as one union with pure transitions. Knows neither the host nor the screen.
// The host may tell of a run's first steps before it has answered the call that began it; `starting` keeps them.
import type { EventData, EventName } from '../../main/contract/contract.ts';
import type { ErrorData } from '../../main/contract/errors.ts';
import type { ImageRecord, RgbPicture, RunRecord } from '../../main/contract/schemas.ts';

export type Side = 'teacher' | 'student';
export const sides: readonly Side[] = ['teacher', 'student'];

/** One picture in the making. `step` counts finished steps; times are milliseconds. */
export interface Progress {
  step: number;
  nfe: number;
  elapsedMs: number;
  remainingMs: number | null;
  preview: RgbPicture | null;
  image: ImageRecord | null;
}

export type Pair = Readonly<Record<Side, Progress>>;

export type RunEvent = {
  [E in Extract<EventName, `run.${string}`>]: { event: E; data: EventData<E> };
}[Extract<EventName, `run.${string}`>];

type Images = Readonly<Record<Side, ImageRecord | null>>;

/** Nothing is going on: the panels are empty or show what a run has left. */
export type Resting = { kind: 'empty' } | { kind: 'shown'; run: RunRecord; pair: Pair };

/** `before`: pictures of the comparison that was shown until now, kept behind the new one's first preview. */
export type Comparison =
  | Resting
  | { kind: 'starting'; previous: Resting; early: readonly RunEvent[]; cancelling: boolean }
  | { kind: 'running'; run: RunRecord; pair: Pair; before: Images; cancelling: boolean }
  /** The host took no run; what was shown stays. */
  | { kind: 'refused'; previous: Resting; error: ErrorData };

const nothingYet: Progress = { step: 0, nfe: 0, elapsedMs: 0, remainingMs: null, preview: null, image: null };
const noImages: Images = { teacher: null, student: null };

export const empty: Resting = { kind: 'empty' };

function isFinal(run: RunRecord): boolean {
  return run.state !== 'queued' && run.state !== 'running';
}

/** May Generate be pressed now? One comparison at a time in this window. */
export function isBusy(state: Comparison): boolean {
  return state.kind === 'starting' || state.kind === 'running';
}

/** What the panels show when nothing is going on, or went on before. */
export function restOf(state: Comparison): Resting {
  switch (state.kind) {
    case 'empty':
    case 'shown':
      return state;
    case 'starting':
    case 'refused':
      return state.previous;
    case 'running':
      return { kind: 'shown', run: state.run, pair: state.pair };
  }
}

/** The finished pictures that are on the screen. */
export function imagesOf(state: Comparison): Images {
  const rest = restOf(state);
  return rest.kind === 'empty' ? noImages : { teacher: rest.pair.teacher.image, student: rest.pair.student.image };
}

export function start(state: Comparison): Comparison {
  return { kind: 'starting', previous: restOf(state), early: [], cancelling: false };
}

/** The host took the request; steps that it told before are caught up with. */
export function accept(state: Comparison, run: RunRecord): Comparison {
  if (state.kind !== 'starting') return state;
  const opened: Comparison = {
    kind: 'running', run, pair: pairOf(run), before: imagesOf(state), cancelling: state.cancelling,
  };
  return state.early.reduce(receive, settle(opened));
}

export function refuse(state: Comparison, error: ErrorData): Comparison {
  return state.kind === 'starting' ? { kind: 'refused', previous: state.previous, error } : state;
}

export function askToCancel(state: Comparison): Comparison {
  return state.kind === 'starting' || state.kind === 'running' ? { ...state, cancelling: true } : state;
}

/** The cancel call failed: it runs on. */
export function goOn(state: Comparison): Comparison {
  return state.kind === 'starting' || state.kind === 'running' ? { ...state, cancelling: false } : state;
}

/** Shows a run as the library has it, finished or not. */
export function open(run: RunRecord): Comparison {
  return settle({ kind: 'running', run, pair: pairOf(run), before: noImages, cancelling: false });
}

export function receive(state: Comparison, told: RunEvent): Comparison {
  if (state.kind === 'starting') return { ...state, early: [...state.early, told] };
  if (state.kind === 'refused') {
    const previous = restOf(receive(state.previous, told));
    return previous === state.previous ? state : { ...state, previous };
  }
  if (state.kind === 'empty') return state;
  switch (told.event) {
    case 'run.started':
    case 'run.changed':
    case 'run.ended':
      return told.data.run.id === state.run.id ? settle({ ...state, run: told.data.run, pair: withImages(state.pair, told.data.run) }) : state;
    case 'run.deleted':
      return told.data.run === state.run.id ? empty : state;
    case 'run.step': {
      const { role, step, nfe, elapsedMs, remainingMs, preview } = told.data;
      if (told.data.run !== state.run.id || state.kind !== 'running' || role === 'single') return state;
      const previous = state.pair[role];
      if (step < previous.step) return state; // told again after a reconnection
      const next: Progress = { ...previous, step, nfe, elapsedMs, remainingMs, preview: preview ?? previous.preview };
      return { ...state, pair: { ...state.pair, [role]: next } };
    }
    case 'run.image': {
      const { run, image } = told.data;
      if (run !== state.run.id || image.role === 'single') return state;
      return { ...state, pair: { ...state.pair, [image.role]: finished(image, state.pair[image.role].preview) } };
    }
  }
}

function settle(state: Extract<Comparison, { kind: 'running' | 'shown' }>): Comparison {
  return isFinal(state.run) ? { kind: 'shown', run: state.run, pair: state.pair } : state;
}

function pairOf(run: RunRecord): Pair {
  return withImages({ teacher: nothingYet, student: nothingYet }, run);
}

function withImages(pair: Pair, run: RunRecord): Pair {
  const next: Record<Side, Progress> = { ...pair };
  for (const image of run.images) {
    const side = sideOf(run, image);
    if (next[side].image === null || image.role !== 'single') next[side] = finished(image, pair[side].preview);
  }
  return next;
}

/** A run of one model shows its first picture on that model's side. */
function sideOf(run: RunRecord, image: ImageRecord): Side {
  if (image.role !== 'single') return image.role;
  return run.teacher !== null ? 'teacher' : 'student';
}

/** The last preview stays behind the picture until that has been fetched. */
function finished(image: ImageRecord, preview: RgbPicture | null): Progress {
  return { step: image.steps, nfe: image.nfe, elapsedMs: image.ms, remainingMs: null, preview, image };
}
