/** The page of `kubectl countersign dashboard`. */
import { render } from 'preact';
import { Candidate } from './candidate/candidate.tsx';
import { Home } from './home.tsx';
import { Namespace } from './namespace/namespace.tsx';
import { linkTo, useRoute, type Route } from './route.ts';

const viewOf = ([view, namespace = '', name = '']: Route) => {
  if (view === 'candidate') return <Candidate key={`${namespace}/${name}`} namespace={namespace} name={name} />;
  if (view === 'namespace') return <Namespace key={`${namespace}/${name}`} namespace={namespace} tab={name} />;
  return <Home />;
};

const App = () => {
  const route = useRoute();
  return (
    <>
      <a
        class="skip"
        href="#content"
        onClick={(event) => (event.preventDefault(), document.querySelector('h1')?.focus())}
      >
        Skip to the content
      </a>
      <header class="top">
        <nav aria-label="Views">
          <a class="brand" href={linkTo()}>
            Countersign
          </a>
          <a href={linkTo()} aria-current={route.length === 0 ? 'page' : undefined}>
            What waits
          </a>
        </nav>
      </header>
      {viewOf(route)}
    </>
  );
};

const place = document.querySelector('#page');
if (place !== null) render(<App />, place);
