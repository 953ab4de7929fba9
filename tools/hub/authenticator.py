"""How learners log in to the hub: with the passwords of tools/hub/learners.py."""

import asyncio
from pathlib import Path

from jupyterhub.auth import Authenticator
from traitlets import Unicode

from tools.hub import learners


class LearnersAuthenticator(Authenticator):
    """Lets in whom the teacher's file lists. The file is read at each login, so a change needs no restart."""

    file = Unicode(help="The file that tools.hub.learners writes.").tag(config=True)

    async def authenticate(self, handler, data):
        """The learner's name if the password is right, else None."""
        name = self.normalize_username(data["username"])
        right = await asyncio.to_thread(learners.matches, self._learners(), name, data["password"])
        return name if right else None

    async def refresh_user(self, user, handler=None):
        """Whether a learner who is logged in still may be: JupyterHub asks every `auth_refresh_age` seconds."""
        return bool(self._learners().get(user.name, {}).get("password"))

    def _learners(self):
        return learners.load(Path(self.file))
