"""Communications: audiences, messages and their approval, waves, questions and answers, and the public status page."""
