// How the states of a job look: the same in the list and in its bar.
import type { JobState } from '../../../main/contract/jobs.ts';
import type { IconName } from '../base/icons.ts';
import type { Tone } from '../base/tones.ts';

export const signs = {
  queued: { icon: 'history', tone: 'quiet' },
  estimating: { icon: 'settings', tone: 'active' },
  running: { icon: 'play', tone: 'active' },
  paused: { icon: 'pause', tone: 'quiet' },
  done: { icon: 'check', tone: 'good' },
  cancelled: { icon: 'stop', tone: 'quiet' },
  failed: { icon: 'error', tone: 'danger' },
  interrupted: { icon: 'warning', tone: 'warning' },
} as const satisfies Record<JobState, { icon: IconName; tone: Tone }>;
