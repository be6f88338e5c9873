// German texts of the Models view.
import type { Messages } from '../en.ts';

export const models: Messages['models'] = {
  empty: 'Kein Modell gefunden. Das Studio bringt eines mit: seine Dateien fehlen wohl in der Installation.',
  kind: { teacher: 'Lehrer', student: 'Schüler' },
  guidance: { teefusion: 'TeEFusion', distillcfg: 'DistillCFG', linear: 'Linear' },
  embedded: 'Liegt dem Studio bei',
  type: 'Art',
  size: 'Größe',
  precision: 'Genauigkeit',
  licence: 'Lizenz',
  hash: 'Prüfsumme',
  picture: 'Bild',
  pictureSize: '{width} × {height} Pixel',
  ofTeacher: 'Destilliert aus',
  range: 'Führungsbereich',
  steps: 'Destilliert für',
  stepsValue: '{n} Schritte',
  stepsAny: 'jede Schrittzahl',
  card: 'Modellkarte',
  noCard: 'Dieses Modell hat keine Karte.',
  problem: 'Dieses Modell ist nicht lauffähig',
  use: 'Im Vergleich verwenden',
  copyHash: 'Prüfsumme kopieren',
};
