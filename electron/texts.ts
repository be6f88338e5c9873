// The shell's own words: menu, about box and dialogs. The window's words are in renderer/locales.
import type { Settings } from '../main/contract/schemas.ts';

const en = {
  menus: { file: 'File', edit: 'Edit', view: 'View', window: 'Window', help: 'Help' },
  roles: {
    undo: 'Undo', redo: 'Redo', cut: 'Cut', copy: 'Copy', paste: 'Paste', delete: 'Delete', selectAll: 'Select All',
    resetZoom: 'Actual Size', zoomIn: 'Zoom In', zoomOut: 'Zoom Out', togglefullscreen: 'Full Screen',
    reload: 'Reload', toggleDevTools: 'Developer Tools', minimize: 'Minimize', close: 'Close Window', quit: 'Quit',
  },
  openLibrary: 'Open Library Folder',
  about: 'About TeEFusion Studio',
  closeTitle: 'Work is still running',
  closeRunning: 'A run is in progress.',
  closeQueued: (count: number): string => (count === 1 ? 'One run waits.' : `${count} runs wait.`),
  closeEvaluations: (count: number): string => (count === 1 ? 'An evaluation is at work.' : `${count} evaluations are at work or wait.`),
  closeJobs: 'A student is in training.',
  closeDetail: 'Closing ends runs: pictures that are finished are kept, the one in progress is lost.',
  closeResumable: 'Evaluation and training stop; what is done is kept, and both can be resumed.',
  closeAnyway: 'Stop and Close',
  keepOpen: 'Keep Open',
  startFailed: 'TeEFusion Studio could not start',
  windowCrashedTitle: 'The window stopped working',
  windowCrashedDetail: 'Nothing is lost: runs go on and everything finished is in the library.',
  reload: 'Open the Window Again',
};
export type Texts = typeof en;

const de: Texts = {
  menus: { file: 'Datei', edit: 'Bearbeiten', view: 'Ansicht', window: 'Fenster', help: 'Hilfe' },
  roles: {
    undo: 'Rückgängig', redo: 'Wiederholen', cut: 'Ausschneiden', copy: 'Kopieren', paste: 'Einfügen', delete: 'Löschen', selectAll: 'Alles auswählen',
    resetZoom: 'Originalgröße', zoomIn: 'Vergrößern', zoomOut: 'Verkleinern', togglefullscreen: 'Vollbild',
    reload: 'Neu laden', toggleDevTools: 'Entwicklerwerkzeuge', minimize: 'Minimieren', close: 'Fenster schließen', quit: 'Beenden',
  },
  openLibrary: 'Bibliotheksordner öffnen',
  about: 'Über TeEFusion Studio',
  closeTitle: 'Es wird noch gerechnet',
  closeRunning: 'Ein Lauf ist im Gange.',
  closeQueued: (count) => (count === 1 ? 'Ein Lauf wartet.' : `${count} Läufe warten.`),
  closeEvaluations: (count) => (count === 1 ? 'Eine Auswertung läuft.' : `${count} Auswertungen laufen oder warten.`),
  closeJobs: 'Ein Schüler lernt gerade.',
  closeDetail: 'Beim Schließen enden Läufe: Fertige Bilder bleiben erhalten, das angefangene geht verloren.',
  closeResumable: 'Auswertung und Training halten an; was geschafft ist, bleibt, und beide lassen sich fortsetzen.',
  closeAnyway: 'Beenden und schließen',
  keepOpen: 'Geöffnet lassen',
  startFailed: 'TeEFusion Studio konnte nicht starten',
  windowCrashedTitle: 'Das Fenster ist abgestürzt',
  windowCrashedDetail: 'Nichts ist verloren: Läufe gehen weiter, und alles Fertige steht in der Bibliothek.',
  reload: 'Fenster wieder öffnen',
};

export function textsFor(locale: Settings['locale']): Texts {
  return locale === 'de' ? de : en;
}
