// Everything a person can do by name: the palette lists it, the shortcuts call it, the shortcut sheet explains it.
import { useEventListener } from '@vueuse/core';
import { computed, type ComputedRef } from 'vue';
import type { RunRecord } from '../../main/contract/schemas.ts';
import type { Messages } from '../locales/en.ts';
import type { IconName } from '../components/base/icons.ts';
import { useComparison } from '../stores/comparison.ts';
import { parts, useEvaluations } from '../stores/evaluations.ts';
import { isActive, mayResume } from '../stores/evaluation-list.ts';
import { useForm } from '../stores/form.ts';
import { neighbour } from '../stores/history-state.ts';
import { useHistory } from '../stores/history.ts';
import { isLearning, mayCancel, mayPause, mayResume as mayResumeJob } from '../stores/jobs-list.ts';
import { useJobs } from '../stores/jobs.ts';
import { useLive } from '../stores/live.ts';
import { useSettings } from '../stores/settings.ts';
import { useWorkspace, type Mode, type ViewName } from '../stores/workspace.ts';
import { matches, writes } from './keys.ts';
import { useOpenStudent } from './useOpenStudent.ts';

export interface Command {
  /** Also the name of its text in the locales. */
  id: Exclude<keyof Messages['commands'], 'title' | 'placeholder' | 'none' | 'groupCommands' | 'groupHistory'>;
  icon: IconName;
  /** Empty: only in the palette. */
  keys: string;
  area: 'general' | 'compare' | 'evaluation' | 'jobs';
  enabled: boolean;
  run: () => unknown;
}

export function useCommands(): ComputedRef<Command[]> {
  const comparison = useComparison();
  const evaluations = useEvaluations();
  const form = useForm();
  const history = useHistory();
  const jobs = useJobs();
  const settings = useSettings();
  const workspace = useWorkspace();
  const openRun = useOpenRun();
  const openStudent = useOpenStudent();

  return computed(() => {
    const judgeable = comparison.state.kind === 'shown' && comparison.run?.images.length === 2;
    const compare = (id: Command['id'], icon: IconName, keys: string, run: () => unknown, enabled = true): Command =>
      ({ id, icon, keys, area: 'compare', enabled: enabled && workspace.view === 'compare', run });
    const general = (id: Command['id'], icon: IconName, keys: string, run: () => unknown, enabled = true): Command =>
      ({ id, icon, keys, area: 'general', enabled, run });
    const evaluate = (id: Command['id'], icon: IconName, keys: string, run: () => unknown, enabled = true): Command =>
      ({ id, icon, keys, area: 'evaluation', enabled: enabled && workspace.view === 'evaluation', run });
    const distil = (id: Command['id'], icon: IconName, keys: string, run: () => unknown, enabled = true): Command =>
      ({ id, icon, keys, area: 'jobs', enabled: enabled && workspace.view === 'jobs', run });
    const opened = evaluations.open;
    const job = jobs.open;
    const student = job?.model ?? null;
    const mode = (name: Mode) => () => (workspace.mode = name);
    const view = (name: ViewName) => () => (workspace.view = name);
    const walk = (by: 1 | -1) => {
      const run = neighbour(history.history, comparison.run?.id ?? null, by);
      if (run !== null) openRun(run);
    };
    return [
      general('generate', 'play', 'Ctrl+Enter', () => {
        workspace.view = 'compare';
        return comparison.compare();
      }, comparison.mayRun),
      general('cancel', 'stop', 'Escape', () => comparison.cancel(), comparison.busy),
      general('palette', 'search', 'Ctrl+K', () => (workspace.palette = true)),
      general('focusPrompt', 'words', '/', () => workspace.focus('prompt')),
      general('focusGuidance', 'settings', 'G', () => workspace.focus('guidance')),
      compare('dice', 'dice', 'D', () => form.rollSeed()),
      compare('toggleLock', 'lock', 'L', () => (form.form.seedLocked = !form.form.seedLocked)),
      compare('nextMode', 'compare', 'V', () => workspace.nextMode()),
      compare('side', 'sideBySide', '', mode('side')),
      compare('wipe', 'wipe', '', mode('wipe')),
      compare('flicker', 'flicker', '', mode('flicker')),
      compare('difference', 'difference', '', mode('difference')),
      compare('fit', 'fit', '0', () => workspace.fit()),
      compare('zoomIn', 'plus', '+', () => workspace.zoomBy(1.5)),
      compare('zoomOut', 'minus', '-', () => workspace.zoomBy(1 / 1.5)),
      compare('pixels', 'pixels', 'P', () => workspace.zoomToPixels()),
      compare('smooth', 'smooth', 'S', () => settings.change({ smoothPictures: !settings.settings.smoothPictures })),
      compare('verdictTeacher', 'arrowLeft', '1', () => comparison.judge('teacher'), judgeable),
      compare('verdictTie', 'equal', '2', () => comparison.judge('tie'), judgeable),
      compare('verdictStudent', 'arrowRight', '3', () => comparison.judge('student'), judgeable),
      compare('verdictBoth', 'thumbsDown', '4', () => comparison.judge('both-bad'), judgeable),
      compare('older', 'history', 'J', () => walk(1)),
      compare('newer', 'history', 'K', () => walk(-1)),
      evaluate('newEvaluation', 'plus', 'N', () => evaluations.show(null)),
      evaluate('nextPart', 'evaluation', 'V', () => {
        evaluations.part = parts[(parts.indexOf(evaluations.part) + 1) % parts.length] ?? 'overview';
      }, opened !== null),
      evaluate('olderEvaluation', 'history', 'J', () => evaluations.walk(1)),
      evaluate('newerEvaluation', 'history', 'K', () => evaluations.walk(-1)),
      evaluate('cancelEvaluation', 'stop', '', () => opened !== null && evaluations.cancel(opened.id), opened !== null && isActive(opened.state)),
      evaluate('resumeEvaluation', 'play', '', () => opened !== null && evaluations.resume(opened.id), opened !== null && mayResume(opened)),
      evaluate('repeatEvaluation', 'copy', '', () => opened !== null && evaluations.repeat(opened), opened !== null),
      general('quickEvaluation', 'play', '', () => {
        workspace.view = 'evaluation';
        return evaluations.startQuick();
      }, evaluations.quick !== null && !evaluations.starting),
      distil('newJob', 'plus', 'N', () => jobs.show(null)),
      distil('nextJob', 'history', 'J', () => jobs.walk(1)),
      distil('previousJob', 'history', 'K', () => jobs.walk(-1)),
      distil('pauseJob', 'pause', 'P', () => {
        if (job === null) return undefined;
        return mayPause(job) ? jobs.pause(job.id) : jobs.resume(job.id);
      }, job !== null && (mayPause(job) || mayResumeJob(job))),
      distil('sampleJob', 'picture', 'S', () => job !== null && jobs.sampleNow(job.id), job !== null && isLearning(job)),
      distil('saveJob', 'download', '', () => job !== null && jobs.saveNow(job.id), job !== null && isLearning(job)),
      distil('cancelJob', 'stop', '', () => job !== null && jobs.cancel(job.id), job !== null && mayCancel(job)),
      distil('duplicateJob', 'copy', '', () => job !== null && jobs.duplicate(job.id), job !== null),
      distil('openStudent', 'compare', '', () => student !== null && openStudent(student), student !== null),
      general('live', 'student', '', () => settings.change({ liveGuidance: !settings.settings.liveGuidance })),
      general('theme', 'sun', 'T', () => settings.toggleTheme()),
      general('openCompare', 'compare', '', view('compare')),
      general('openJobs', 'jobs', '', view('jobs')),
      general('openModels', 'models', '', view('models')),
      general('openEvaluation', 'evaluation', '', view('evaluation')),
      general('openSettings', 'settings', 'Ctrl+,', view('settings')),
      general('shortcuts', 'keyboard', '?', () => (workspace.shortcuts = true)),
    ];
  });
}

/** Shows a run of the history: its pictures in the panels, its settings in the form. */
export function useOpenRun(): (run: RunRecord) => void {
  const comparison = useComparison();
  const live = useLive();
  const workspace = useWorkspace();
  return (run) => {
    live.clear();
    comparison.show(run);
    workspace.view = 'compare';
  };
}

/** Listens for the shortcuts of the whole window. An open list or dialog keeps its keys. */
export function useShortcuts(commands: ComputedRef<Command[]>): void {
  useEventListener(window, 'keydown', (event: KeyboardEvent) => {
    const target = event.target instanceof HTMLElement ? event.target : document.body;
    if (event.defaultPrevented || target.closest('[role="dialog"], [role="listbox"]') !== null) return;
    if (writes(event, { tag: target.tagName, type: target.getAttribute('type') ?? '', editable: target.isContentEditable })) return;
    // Views share keys: only what can be done now is meant.
    const command = commands.value.find((candidate) => candidate.enabled && candidate.keys !== '' && matches(event, candidate.keys));
    if (command === undefined) return;
    event.preventDefault();
    void command.run();
  });
}
