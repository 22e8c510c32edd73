"""People: organizations' members, plan versions, roles and ways to reach somebody."""
