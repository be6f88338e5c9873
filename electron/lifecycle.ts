// Leaving in order: ask while work runs, then close the studio, then end the process.
import { app, dialog } from 'electron';
import type { BrowserWindow } from 'electron';
import type { Studio } from '../main/studio.ts';
import { closeDetail, decideClose } from './closing.ts';
import type { Texts } from './texts.ts';

/** The newest runs hold every active one: a run that waits is younger than all finished ones. */
const runsToLookAt = 500;

export interface Ending {
  studio: Pick<Studio, 'call'>;
  texts: () => Texts;
  /** Ends the studio; resolves when all its work has stopped and the library is free. */
  end: () => Promise<void>;
}

export class Lifecycle {
  readonly #studio: Pick<Studio, 'call'>;
  readonly #texts: () => Texts;
  readonly #end: () => Promise<void>;
  #quitting = false;
  #closing: Promise<void> | null = null;
  #closed = false;

  constructor({ studio, texts, end }: Ending) {
    this.#studio = studio;
    this.#texts = texts;
    this.#end = end;
    app.on('before-quit', () => {
      this.#quitting = true;
    });
    app.on('window-all-closed', () => {
      if (process.platform !== 'darwin') app.quit();
    });
    app.on('will-quit', (event) => {
      if (this.#closed) return;
      event.preventDefault();
      this.#closing ??= this.#closeStudio();
    });
  }

  /** Makes `window` ask before it closes over unfinished work. */
  guard(window: BrowserWindow): void {
    let confirmed = false;
    let asking = false;
    window.on('close', (event) => {
      if (confirmed) return;
      event.preventDefault();
      if (asking) return;
      asking = true;
      void this.#mayClose(window).then((allowed) => {
        asking = false;
        confirmed = allowed;
        // A refused close also ends the quit that caused it; an allowed one takes it up again.
        const wasQuitting = this.#quitting;
        this.#quitting = false;
        if (!allowed) return;
        if (wasQuitting) app.quit();
        else window.close();
      });
    });
  }

  async #mayClose(window: BrowserWindow): Promise<boolean> {
    const [runs, evaluations, jobs] = await Promise.all([
      this.#studio.call('runs.list', { limit: runsToLookAt }), this.#studio.call('evaluations.list', {}), this.#studio.call('jobs.list', {}),
    ]);
    // A library that no longer answers must not keep the window open.
    const work = { runs: runs.ok ? runs.value.runs : [], evaluations: evaluations.ok ? evaluations.value.evaluations : [], jobs: jobs.ok ? jobs.value.jobs : [] };
    const unfinished = decideClose(work, this.#quitting || process.platform !== 'darwin');
    if (unfinished === null) return true;
    const texts = this.#texts();
    const { response } = await dialog.showMessageBox(window, {
      type: 'question',
      message: texts.closeTitle,
      detail: closeDetail(unfinished, texts),
      buttons: [texts.keepOpen, texts.closeAnyway],
      defaultId: 0,
      cancelId: 0,
      noLink: true,
    });
    return response === 1;
  }

  async #closeStudio(): Promise<void> {
    try {
      await this.#end();
    } catch (thrown) {
      // The library survives any ending; a person who quits must get out.
      console.error('studio: closing failed:', thrown);
    }
    this.#closed = true;
    app.quit();
  }
}
