// Lint: the languages' recommended rules, and the order of the layers as rules on imports.
import importX from 'eslint-plugin-import-x';
import vue from 'eslint-plugin-vue';
import tseslint from 'typescript-eslint';
import { mayImport } from './scripts/layers.js';

/** `main/studio.ts` belongs to `main/studio`. */
const filesOf = (folder) => (folder === 'main/studio' ? ['main/studio.ts', 'main/studio/**'] : [`${folder}/**`]);
const pathsOf = (folder) => (folder === 'main/studio' ? ['./main/studio.ts', './main/studio'] : [`./${folder}`]);
const folders = Object.keys(mayImport);
/** Tests may reach across layers: they bring real parts together. */
const testFiles = ['**/*.test.ts', '**/*.test-d.ts'];

function layerRules(folder) {
  const allowed = new Set([folder, 'main/contract', ...mayImport[folder]]);
  const zones = folders
    .filter((other) => !allowed.has(other))
    .flatMap((other) => pathsOf(other))
    .flatMap((from) => pathsOf(folder).map((target) => ({ target, from, message: `${folder} may not import this layer (scripts/layers.js).` })));
  return {
    files: filesOf(folder).map((glob) => (glob.endsWith('.ts') ? glob : `${glob}/*.{ts,vue}`)),
    ignores: testFiles,
    plugins: { 'import-x': importX },
    settings: { 'import-x/resolver-next': [importX.createNodeResolver({ extensions: ['.ts', '.vue', '.js', '.mjs'] })] },
    rules: {
      'import-x/no-restricted-paths': ['error', { basePath: import.meta.dirname, zones }],
      ...(folder !== 'electron' && {
        'no-restricted-imports': ['error', { paths: [{ name: 'electron', message: 'Only electron/ knows Electron.' }] }],
      }),
    },
  };
}

export default tseslint.config(
  { ignores: ['out/**', 'dist/**', 'coverage/**', 'node_modules/**', 'main/graph/**/generated/**', '**/*_pb.ts', '**/*_pb.js'] },
  ...tseslint.configs.recommended,
  ...vue.configs['flat/recommended'],
  {
    files: ['**/*.vue'],
    languageOptions: { parserOptions: { parser: tseslint.parser, extraFileExtensions: ['.vue'] } },
    rules: {
      // Layout is the author's, as in the rest of the code.
      'vue/max-attributes-per-line': 'off',
      'vue/singleline-html-element-content-newline': 'off',
      'vue/multiline-html-element-content-newline': 'off',
      'vue/html-self-closing': 'off',
      'vue/html-indent': 'off',
      'vue/html-closing-bracket-newline': 'off',
      'vue/first-attribute-linebreak': 'off',
      'vue/attributes-order': 'off',
      'vue/multi-word-component-names': 'off',
      'vue/require-default-prop': 'off',
      // The compiler knows when a switch covers every case.
      'vue/return-in-computed-property': 'off',
      'vue/no-v-html': 'error',
    },
  },
  {
    rules: {
      'no-console': 'off',
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports', disallowTypeAnnotations: false }],
      '@typescript-eslint/no-unused-vars': ['error', { args: 'none', varsIgnorePattern: '^_', caughtErrorsIgnorePattern: '^_', ignoreRestSiblings: true }],
      '@typescript-eslint/no-non-null-assertion': 'off',
    },
  },
  ...folders.map(layerRules),
);
