// Starts the window: one client, one store root, one language, then the app.
import './without-eval.ts';
import { createPinia } from 'pinia';
import { createApp } from 'vue';
import App from './App.vue';
import { clientKey, connectStudio } from './client/client.ts';
import { createTexts } from './locales/index.ts';
import './styles/tokens.css';
import './styles/base.css';

createApp(App)
  .provide(clientKey, connectStudio())
  .use(createPinia())
  .use(createTexts('en'))
  .mount('#app');
