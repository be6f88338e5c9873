// How the states of an evaluation look: the same in the list and in its bar.
import type { EvaluationState } from '../../../main/contract/evaluation.ts';
import type { IconName } from '../base/icons.ts';
import type { Tone } from '../base/tones.ts';

export const signs = {
  queued: { icon: 'history', tone: 'quiet' },
  running: { icon: 'play', tone: 'active' },
  done: { icon: 'check', tone: 'good' },
  cancelled: { icon: 'stop', tone: 'quiet' },
  failed: { icon: 'error', tone: 'danger' },
  interrupted: { icon: 'warning', tone: 'warning' },
} as const satisfies Record<EvaluationState, { icon: IconName; tone: Tone }>;
