// A report's numbers in the words of its document, for those above the studio who say some of them elsewhere.
export type { FactsComparison } from '../evaluation/facts.ts';
export { pace, sliderVerdict, timeRatio, trustLines } from '../evaluation/tables.ts';
export { share, signed } from '../evaluation/words.ts';
