// German, complete: the type says so.
import { compare } from './de/compare.ts';
import { evaluation } from './de/evaluation.ts';
import { frame } from './de/frame.ts';
import { jobs } from './de/jobs.ts';
import { models } from './de/models.ts';
import { settings } from './de/settings.ts';
import type { Messages } from './en.ts';

export const de: Messages = { ...frame, ...compare, jobs, models, evaluation, settings };
