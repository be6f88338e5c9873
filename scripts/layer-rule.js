// An ESLint rule: a file may import only from the layers that its own folder may import (layers.js).
// Works on the text of relative imports, which in this project name the file with its ending.
import { dirname, relative, resolve, sep } from 'node:path';

/** The layer a project path belongs to: the longest of the table's folders that holds it; null for files of none. */
export function layerOf(path, layers) {
  // `main/studio.ts` belongs to `main/studio`.
  const belongs = (layer) => path.startsWith(`${layer}/`) || path === `${layer}.ts`;
  return layers.filter(belongs).sort((a, b) => b.length - a.length)[0] ?? null;
}

/** `mayImport`: for each layer, the layers it may import besides itself and `common`. */
export function layerRule({ root, mayImport, common }) {
  const layers = Object.keys(mayImport);
  const projectPath = (absolute) => relative(root, absolute).split(sep).join('/');
  return {
    meta: { type: 'problem', schema: [], messages: { forbidden: '{{from}} may not import {{to}} (scripts/layers.js).' } },
    create(context) {
      const from = layerOf(projectPath(context.filename), layers);
      if (from === null) return {};
      const check = (source) => {
        if (typeof source?.value !== 'string' || !source.value.startsWith('.')) return;
        const to = layerOf(projectPath(resolve(dirname(context.filename), source.value)), layers);
        if (to === null || to === from || to === common || mayImport[from].includes(to)) return;
        context.report({ node: source, messageId: 'forbidden', data: { from, to } });
      };
      return {
        ImportDeclaration: (node) => check(node.source),
        ExportNamedDeclaration: (node) => check(node.source),
        ExportAllDeclaration: (node) => check(node.source),
        ImportExpression: (node) => check(node.source),
        TSImportType: (node) => check(node.source ?? node.argument?.literal),
      };
    },
  };
}
